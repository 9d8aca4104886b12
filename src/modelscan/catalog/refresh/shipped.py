"""What ships with the program: our own lists and tables, and the facts of the other catalogs at build time.

The facts (`FACTS`) are in the repository only; a wheel carries the index that was built from them, with every
record word for word. They are written by `scripts/catalogs/make.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from modelscan.catalog.merging.tables import Tables, read_tables
from modelscan.catalog.sources import gpustack, known_weights, model_list, models_dev, standing, vllm_recipes
from modelscan.catalog.sources.record import Parsed, SourceRecord
from modelscan.catalog.sources.registry import FETCHED
from modelscan.catalog.sources.state import SourceState

MODELS, LABS, ALTERNATIVES = "models.yaml", "labs.csv", "open_alternatives.csv"
KNOWN_WEIGHTS, QUANTIZED_WEIGHTS = "known_weights.csv", "quantized_weights.csv"
GGUF_WEIGHTS = "gguf_weights.csv"
ORIGINS = "sources.json"
FACTS = {
    vllm_recipes.NAME: "vllm_recipes.jsonl",
    gpustack.NAME: "gpustack.jsonl",
    models_dev.NAME: "models_dev.jsonl",
}
"""The files of facts."""

Read = Callable[[str], str]
"""The text of a shipped file by its name in `catalogs/`."""


def read_tables_of_ours(read: Read) -> Tables:
    return read_tables(read(LABS), read(ALTERNATIVES))


def read_ours(read: Read) -> tuple[list[SourceRecord], list[SourceState]]:
    """Records of `models.yaml` and `known_weights.csv`."""
    listed = model_list.parse(read(MODELS), source=standing.MODELS.name)
    known = known_weights.parse(read(KNOWN_WEIGHTS), read(QUANTIZED_WEIGHTS), read(GGUF_WEIGHTS))
    states = [
        _state(standing.MODELS.name, listed, {"origin": f"modelscan, {MODELS}", "license": "Apache-2.0"}),
        _state(known_weights.NAME, known, {"origin": f"modelscan, {KNOWN_WEIGHTS}", "license": "Apache-2.0"}),
    ]
    return [*listed.records, *known.records], states


def read_facts(read: Read) -> tuple[Parsed, list[SourceState]]:
    """Records of the other catalogs at build time."""
    origins = json.loads(read(ORIGINS))
    together = Parsed()
    states: list[SourceState] = []
    for name, file in FACTS.items():
        parsed = FETCHED[name].parse_entries(_lines(read(file)))
        together.extend(parsed)
        states.append(_state(name, parsed, origins[name], records=FETCHED[name].count(parsed)))
    return together, states


def _lines(text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for line in text.splitlines():
        key, entry = json.loads(line)
        yield key, entry


def _state(name: str, parsed: Parsed, origin: Mapping[str, Any], records: int | None = None) -> SourceState:
    return SourceState(
        name=name,
        origin=origin["origin"],
        date=origin.get("date"),
        license=origin.get("license"),
        records=len(parsed.records) if records is None else records,
        skipped=parsed.skipped_counts(),
    )
