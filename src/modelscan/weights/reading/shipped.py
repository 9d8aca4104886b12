"""Architectures that ship with the program, by repo: planning a well-known model needs no network."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from modelscan.model import Source, WeightsDescription
from modelscan.weights.families.table import Families
from modelscan.weights.reading.quantization import quantization_of, read_quantization
from modelscan.weights.reading.shape import read_architecture
from modelscan.weights.reading.tasks import task_of

_UNCONFIRMED = (["derived"], ["stated"])  # not confirmed by a parameter count
_FORMS = ("FP8", "GPTQ-Int8", "AWQ", "GPTQ-Int4")


def describe_shipped(repo_id: str, source: Source, text: str, families: Families) -> WeightsDescription | None:
    """What `catalogs/architectures.json` (`text`) says about a repo, or None.

    Repos usually keep their name on ModelScope, so the lookup ignores `source`. Sizes in bytes are unknown, as no
    header was read. `verified` is False for a shape that no parameter count confirms.
    """
    line = _lines(text).get(repo_id.lower())
    if line is None:
        return None
    facts: dict[str, Any] = json.loads(line)
    shape = read_architecture(facts, families)
    return WeightsDescription(
        source=source,
        repo_id=repo_id,
        location=repo_id,
        architecture=shape,
        quantization=quantization_of(facts, {}, shape),
        format=read_quantization(facts).method or "safetensors",
        task=facts.get("task") or task_of(facts, (), families),
        verified=facts["verified"] not in _UNCONFIRMED,
    )


def quantized_forms(repo_id: str, text: str) -> tuple[str, ...]:
    """Repos of the same owner named after this one plus a format: `Qwen/Qwen3-8B-AWQ`."""
    known = _lines(text)
    wanted = (f"{repo_id}-{suffix}" for suffix in _FORMS)
    return tuple(name for name in wanted if name.lower() in known)


@lru_cache(maxsize=2)
def _lines(text: str) -> dict[str, str]:
    """Each repo's line by its lowercase name: the file has one line per repo, and a plan parses only a few."""
    lines: dict[str, str] = {}
    for line in text.splitlines():
        name, found, facts = line.partition('": ')
        if found and name.startswith('  "'):
            lines[name[3:].lower()] = facts.rstrip(",")
    return lines
