"""Architectures that come with the program: planning a well-known model needs no network. Looked up by repo."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from modelscan.model import Source, WeightsDescription
from modelscan.weights.families.table import Families
from modelscan.weights.reading.quantization import quantization_of, read_quantization
from modelscan.weights.reading.shape import read_architecture
from modelscan.weights.reading.tasks import task_of

_UNCONFIRMED = (["derived"], ["stated"])  # by no count of its parameters
_FORMS = ("FP8", "GPTQ-Int8", "AWQ", "GPTQ-Int4")


def describe_shipped(repo_id: str, source: Source, text: str, families: Families) -> WeightsDescription | None:
    """What `catalogs/architectures.json` (its `text`) knows of a repo, None where it knows nothing.

    The same weights on ModelScope often keep their name, so `source` does not matter for the look-up. Bytes are
    unknown: no header has been seen. `verified` is False for a shape that no count of parameters confirms.
    """
    line = _lines(text).get(repo_id.lower())
    if line is None:
        return None
    facts: dict[str, Any] = json.loads(line)
    return WeightsDescription(
        source=source,
        repo_id=repo_id,
        location=repo_id,
        architecture=read_architecture(facts, families),
        quantization=quantization_of(facts, {}),
        format=read_quantization(facts).method or "safetensors",
        task=facts.get("task") or task_of(facts, (), families),
        verified=facts["verified"] not in _UNCONFIRMED,
    )


def quantized_forms(repo_id: str, text: str) -> tuple[str, ...]:
    """The repos of the same owner that are named after this one and a format: `Qwen/Qwen3-8B-AWQ`."""
    known = _lines(text)
    wanted = (f"{repo_id}-{suffix}" for suffix in _FORMS)
    return tuple(name for name in wanted if name.lower() in known)


@lru_cache(maxsize=2)
def _lines(text: str) -> dict[str, str]:
    """The line of each repo under its name in lower case: the file has one per repo, and a plan reads only a few."""
    lines: dict[str, str] = {}
    for line in text.splitlines():
        name, found, facts = line.partition('": ')
        if found and name.startswith('  "'):
            lines[name[3:].lower()] = facts.rstrip(",")
    return lines
