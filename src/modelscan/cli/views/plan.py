"""A plan on one screen: the choice and its reasons, memory, alternatives and rejections."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from modelscan.backends.registry import BACKENDS
from modelscan.cli.output.printer import Printer
from modelscan.cli.views.memory_bar import index_text, show_memory
from modelscan.exports.plan_file import deployment_text
from modelscan.model import Candidate, Hardware, Plan, Rejection
from modelscan.units import format_bytes, format_free, format_tokens

if TYPE_CHECKING:
    from modelscan.selecting.plan import Planned

_MOST_REJECTED = 3
_SLOWER_DEEP = 0.9  # of the speed early in a conversation: below it, that at full length is worth a word
_FEW = 10
_FACTS = ("quantization", "backend", "parallelism", "context")  # shown beside the choice, not below it


def show_plan(printer: Printer, plan: Plan, *, arithmetic: Sequence[str] = (), run: str | None = None) -> None:
    """`arithmetic` are the lines of `--explain`; `run` is the command that deploys it."""
    printer.line(f"{plan.model} on {describe_machine(plan.hardware)}", "bold")
    printer.line()
    if plan.chosen is None:
        printer.line("Nothing fits.", "bold red")
        printer.line()
        _show_refusals(printer, plan.rejected)
        return
    printer.pairs(_rows(plan.chosen, plan))
    printer.line()
    show_memory(printer, plan.chosen, plan.hardware)
    if arithmetic:
        printer.line()
        for text in arithmetic:
            printer.line(text)
    elif run is not None:
        printer.line()
        printer.line(f"Run it: {run}", "dim")


def show_command(printer: Printer, plan: Plan) -> None:
    """One line to paste; nothing without a plan."""
    if plan.chosen is not None:
        printer.line(command_text(plan.chosen))


def show_file(printer: Printer, planned: Planned) -> None:
    """The deployment file of the choice; nothing without a plan."""
    for line in deployment_text(planned.plan, planned.request, planned.place).splitlines():
        printer.line(line)


def command_text(candidate: Candidate) -> str:
    """The backend's command with its environment, quoted for a shell."""
    # ROCm applies ROCR_ first and counts anew within it, so that an index of HIP_ would name another GPU, or none.
    masked = ["env", "-u", "ROCR_VISIBLE_DEVICES"] if "HIP_VISIBLE_DEVICES" in candidate.env else []
    words = [*masked, *(f"{name}={shlex.quote(value)}" for name, value in candidate.env.items())]
    return " ".join([*words, shlex.join(candidate.argv)])


def describe_machine(hardware: Hardware) -> str:
    """`2 x NVIDIA H100 80GB HBM3`, or the CPU."""
    if not hardware.devices:
        cpu = hardware.cpu
        name = cpu.model or cpu.architecture or "unknown"
        broken = "; no GPU can be used" if hardware.faults else ""
        return f"the CPU ({name}, {format_free(cpu.memory_free_bytes)}{broken})"
    names: dict[str, int] = {}
    for gpu in hardware.devices:
        name = gpu.name or "unknown GPU"
        names[name] = names.get(name, 0) + 1
    return ", ".join(name if count == 1 else f"{count} x {name}" for name, count in names.items())


def candidate_line(candidate: Candidate) -> str:
    """A candidate on one line."""
    where = f"GPU {index_text(candidate.gpu_indices)}" if candidate.gpu_indices else "the CPU"
    speed = candidate.estimated.decode_tokens_per_second
    fast = f", about {speed:.0f} tokens/s" if speed is not None else ""
    return (
        f"{candidate.quantization or '?'} with {candidate.backend} on {where}, context "
        f"{format_tokens(candidate.max_model_len)}{fast}: {candidate.repo_id}"
    )


def _rows(chosen: Candidate, plan: Plan) -> list[tuple[str, str]]:
    """Choices with their reasons, then other reasons, alternatives and rejections."""
    reasons = [reason.partition(": ") for reason in chosen.reasons]
    why = {topic: text for topic, _, text in reasons if topic in _FACTS}
    revision = f" at {chosen.revision}" if chosen.revision else ""
    concurrency = f"; {_requests(chosen)} concurrent full-length requests" if chosen.max_concurrency else ""
    version = BACKENDS[chosen.backend].shown(chosen.backend_version, chosen.libraries)
    return [
        ("Weights", f"{chosen.repo_id}{revision} ({chosen.source})"),
        ("Quantization", why.get("quantization") or f"{chosen.quantization or 'unknown'}"),
        ("Backend", version + why.get("backend", "").removeprefix(chosen.backend)),
        ("Runs on", f"{_placement(chosen)}{_after('; ', why.get('parallelism'))}"),
        ("Context", f"{why.get('context') or format_tokens(chosen.max_model_len)}{concurrency}"),
        *_speed(chosen),
        *((topic[:1].upper() + topic[1:], text) for topic, _, text in reasons if topic not in _FACTS),
        *(("Alternative", candidate_line(other)) for other in plan.alternatives),
        *_not_possible(plan.rejected),
    ]


def _requests(chosen: Candidate) -> str:
    """What the KV cache holds at its low bound, by which was decided, and as estimated; no more than are let in."""
    memory, held = chosen.memory_per_gpu, chosen.max_concurrency or 0
    low = held * memory.kv_cache_low_bytes / memory.kv_cache_bytes if memory.kv_cache_bytes else held
    most = chosen.max_num_seqs or held
    bounds = [_rounded(min(count, most)) for count in (low, held)]
    return " to ".join(dict.fromkeys(bounds))


def _rounded(count: float) -> str:
    """`7.2`, `34`, `5,463`: a fraction says something only of a few."""
    return f"{count:.1f}" if count < _FEW else f"{int(count):,}"


def _after(separator: str, text: str | None) -> str:
    return f"{separator}{text}" if text else ""


def _speed(chosen: Candidate) -> Iterable[tuple[str, str]]:
    speed, parts = chosen.estimated, list[str]()
    if speed.decode_tokens_per_second is not None:
        text = f"about {speed.decode_tokens_per_second:.0f} tokens/s for one request"
        deep = speed.full_length_decode_tokens_per_second
        if deep is not None and deep < speed.decode_tokens_per_second * _SLOWER_DEEP:
            text += f" ({deep:.0f} at full length)"
        if speed.concurrent_decode_tokens_per_second is not None and (speed.concurrency or 0) > 1:
            together = speed.concurrent_decode_tokens_per_second
            text += f", {together:.0f} for {speed.concurrency} full-length requests together"
        parts.append(text)
    if speed.prefill_tokens_per_second is not None:
        parts.append(f"prompts at {speed.prefill_tokens_per_second:,.0f}/s")
    if parts:
        off_by = f"; may be off by a factor of {speed.decode_off_by:g}" if speed.decode_off_by is not None else ""
        yield "Speed", f"{'; '.join(parts)} (estimated, not measured{off_by})"


def _not_possible(rejected: Sequence[Rejection]) -> Iterable[tuple[str, str]]:
    if not rejected:
        return
    reasons = [_shortly(item) for item in rejected]
    more = [f"{len(reasons) - _MOST_REJECTED} more"] if len(reasons) > _MOST_REJECTED else []
    yield "Rejected", "; ".join([*reasons[:_MOST_REJECTED], *more])


def _shortly(item: Rejection) -> str:
    if item.code == "no_memory" and item.needed_bytes is not None:
        sizes = f"{format_bytes(item.needed_bytes)} needed, {format_bytes(item.available_bytes)} available"
        return f"{item.quantization} ({sizes})"
    return f"{item.quantization or item.backend} ({item.reason})"


def _show_refusals(printer: Printer, rejected: Sequence[Rejection]) -> None:
    """Every candidate: memory needed and available, or the reason against it."""
    sized = [item for item in rejected if item.needed_bytes is not None and item.available_bytes is not None]
    if sized:
        printer.table(
            ("format", "weights", "on", "needs", "available", "short by"),
            [_refusal(item) for item in sized],
            right=("needs", "available", "short by"),
            drop=("on", "available"),
        )
    alike: dict[str, list[str]] = {}
    for item in rejected:
        if item not in sized:
            alike.setdefault(item.reason, []).append(item.quantization or item.backend)
    for reason, formats in alike.items():
        printer.item(f"{', '.join(dict.fromkeys(formats))}: {reason}", depth=0)


def _refusal(item: Rejection) -> tuple[str, ...]:
    needed, there = item.needed_bytes or 0, item.available_bytes or 0
    where = f"each of {len(item.gpu_indices)}" if len(item.gpu_indices) > 1 else "GPU" if item.gpu_indices else "CPU"
    if item.offload is not None:  # what does not fit is the part in the host's memory
        where = "host"
    sizes = (format_bytes(needed), format_bytes(there), format_bytes(max(needed - there, 0)))
    return (item.quantization or "?", item.repo_id, where, *sizes)


def _placement(chosen: Candidate) -> str:
    if not chosen.gpu_indices:
        return "CPU"
    parts = [f"GPU {index_text(chosen.gpu_indices)}"]
    if chosen.tensor_parallel > 1:
        parts.append(f"tensor parallel {chosen.tensor_parallel}")
    if chosen.pipeline_parallel > 1:
        parts.append(f"pipeline parallel {chosen.pipeline_parallel}")
    if chosen.data_parallel > 1:
        parts.append(f"data parallel {chosen.data_parallel}")
    return ", ".join(parts)
