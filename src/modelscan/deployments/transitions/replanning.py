"""What is changed of a pinned plan so that it starts: another port, or less of what the backend says does not fit.

Only what the backend itself printed is used, only to ask for less than was planned, and never against what the user
fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from modelscan import dataclasses
from modelscan.deployments.record import PinnedPlan, Record
from modelscan.deployments.transitions.ending import without_process

_PORT = "--port"
_SHORTEST_CONTEXT = 512  # tokens; a shorter one answers, but is of no use

Relieved = Callable[[Sequence[str]], tuple[tuple[str, ...], str] | None]


def moved_to_port(record: Record, port: int) -> Record:
    return dataclasses.replace(record, pinned=_on_port(record.pinned, port))


def adjusted(
    record: Record,
    cause: str,
    suggested: Mapping[str, Any],
    options: Mapping[str, str],
    relieved: Relieved | None = None,
) -> Record | None:
    """With a smaller value that the backend derived (`suggested`), to be started once more; `message` says what was
    done. None where there is nothing to change, or where it is not ours to change.

    `options` are the backend's names for `context_length` and `gpu_memory_utilization`, `relieved` its own way to take
    less memory, where that may help.
    """
    pinned = record.pinned
    found = (
        _smaller_context(pinned, suggested, options)
        or _smaller_share(pinned, suggested, options)
        or _relieved(pinned, relieved)
    )
    if found is None:
        return None
    pinned, change = found
    message = f"{change} before another try: {cause}"
    pinned = dataclasses.replace(pinned, adjustments=(*pinned.adjustments, message))
    return retried(dataclasses.replace(record, pinned=pinned), message)


def retried(record: Record, message: str) -> Record:
    """It is started once more, with what was changed."""
    return dataclasses.replace(
        record,
        status=dataclasses.replace(record.status, phase="launching", progress=None, message=message),
        owner=without_process(record.owner),
    )


def with_option(argv: Sequence[str], option: str, value: str) -> tuple[str, ...] | None:
    """The command line with another value of an option; None where the option is not there, or more than once."""
    positions = [number for number, word in enumerate(argv) if word == option]
    if len(positions) != 1 or positions[0] + 1 >= len(argv):
        return None
    position = positions[0] + 1
    return (*argv[:position], value, *argv[position + 1 :])


def _on_port(pinned: PinnedPlan, port: int) -> PinnedPlan:
    address = f"http://127.0.0.1:{port}"
    argv = with_option(pinned.argv, _PORT, str(port)) or pinned.argv
    return dataclasses.replace(pinned, port=port, base_url=address, openai_base_url=f"{address}/v1", argv=argv)


def _smaller_context(
    pinned: PinnedPlan, suggested: Mapping[str, Any], options: Mapping[str, str]
) -> tuple[PinnedPlan, str] | None:
    context, before = suggested.get("context_length"), pinned.max_model_len
    if not isinstance(context, int) or "context_length" not in options or "context_length" in _fixed(pinned):
        return None
    argv = with_option(pinned.argv, options["context_length"], str(context))
    if not argv or before is None or not _SHORTEST_CONTEXT <= context < before:
        return None
    plan = {**pinned.plan, "max_model_len": context}
    smaller = dataclasses.replace(pinned, argv=argv, max_model_len=context, plan=plan)
    return smaller, f"context length reduced from {before} to {context}"


def _smaller_share(
    pinned: PinnedPlan, suggested: Mapping[str, Any], options: Mapping[str, str]
) -> tuple[PinnedPlan, str] | None:
    share, planned = suggested.get("gpu_memory_utilization"), pinned.plan.get("gpu_memory_utilization")
    sized_by_user = {"gpu_memory_utilization", "max_memory_bytes"} & _fixed(pinned)
    if not isinstance(share, float) or "gpu_memory_utilization" not in options or sized_by_user:
        return None
    argv = with_option(pinned.argv, options["gpu_memory_utilization"], f"{share:g}")
    if not argv or planned is None or not 0 < share < planned:
        return None
    plan = {**pinned.plan, "gpu_memory_utilization": share}
    smaller = dataclasses.replace(pinned, argv=argv, plan=plan)
    return smaller, f"GPU memory share reduced from {planned:g} to {share:g}"


def _relieved(pinned: PinnedPlan, relieved: Relieved | None) -> tuple[PinnedPlan, str] | None:
    """On GPUs only, and not where the user said how much of them it may be."""
    if relieved is None or not pinned.gpu_indices or "max_memory_bytes" in _fixed(pinned):
        return None
    found = relieved(pinned.argv)
    if found is None:
        return None
    argv, change = found
    return dataclasses.replace(pinned, argv=argv), change


def _fixed(pinned: PinnedPlan) -> set[str]:
    return set(pinned.plan.get("explicit", ()))
