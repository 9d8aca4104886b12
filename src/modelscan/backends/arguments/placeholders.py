"""Words of an argument that stand for what the plan decides, as seeds write them: `{{.MaxModelLen}}`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from modelscan.backends.base import Launch
from modelscan.model import Candidate
from modelscan.parsing.regex import regex

_WORD = regex(r"\{\{\s*\.(\w*)\s*\}\}")

_Filled = Callable[[Candidate, Launch], object]
PLACEHOLDERS: Mapping[str, _Filled] = {
    "DynamicMemoryUtilizationRatio": lambda candidate, _: candidate.gpu_memory_utilization,
    "MaxModelLen": lambda candidate, _: candidate.max_model_len,
    "TensorParallelSize": lambda candidate, _: candidate.tensor_parallel,
    "Port": lambda _, launch: launch.port,
}
_OF_FIELDS: Mapping[str, str] = {
    "DynamicMemoryUtilizationRatio": "gpu_memory_utilization",
    "MaxModelLen": "context_length",
    "TensorParallelSize": "tensor_parallel",
}
"""The field of a request whose value each is: an argument that says no more leaves it to the plan."""


def unknown_placeholder(text: str) -> str | None:
    """The name of the first that nobody fills in, `` for one without a name."""
    return next((name for name in _WORD.findall(text) if name not in PLACEHOLDERS), None)


def leaves_to_plan(value: str, field: str) -> bool:
    """Whether a value is nothing but the placeholder for the plan's own choice of that field."""
    found = _WORD.fullmatch(value.strip())
    return found is not None and _OF_FIELDS.get(found[1]) == field


def is_port(value: str) -> bool:
    """Whether a value is the placeholder for the port, which is set anyway."""
    found = _WORD.fullmatch(value.strip())
    return found is not None and found[1] == "Port"


def filled(words: Sequence[str], candidate: Candidate, launch: Launch) -> tuple[str, ...]:
    """The words with each placeholder's value; one that the plan has no value for stays, and the backend refuses it."""

    def value(found: re.Match[str]) -> str:
        known = PLACEHOLDERS.get(found[1])
        said = known(candidate, launch) if known is not None else None
        return found[0] if said is None else str(said)

    return tuple(_WORD.sub(value, word) for word in words)
