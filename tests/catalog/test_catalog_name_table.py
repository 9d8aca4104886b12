"""Names as people, hosts, Ollama and hubs write them, against what they mean.

`data/names.csv`: a repo, `closed`, `?` (several models: asked) or `-` (a typo or no model: suggested, never taken).
Written from knowledge of the field, not from the judged rows of `benchmarks/data`.
"""

from __future__ import annotations

import csv
from pathlib import Path

from modelscan.catalog.index.index import Index
from modelscan.catalog.naming.identity import resolve
from modelscan.errors import ModelAmbiguous, ModelNotFound

NAMES = Path(__file__).parent / "data" / "names.csv"


def meaning(name: str, index: Index) -> str:
    try:
        resolution = resolve(name, index)
    except ModelAmbiguous:
        return "?"
    except ModelNotFound:
        return "-"
    model, hint = resolution.model, resolution.weights_hint
    if hint and hint.repo_id:
        return hint.repo_id
    if model is None:
        return resolution.passthrough_repo or ""
    if model.weights:
        return model.weights[0].repo_id
    return "closed" if model.open_weights is False else model.id


def test_no_name_leads_to_other_weights(index: Index) -> None:
    with NAMES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 900
    wrong = {
        row["name"]: (row["means"], found) for row in rows if (found := meaning(row["name"], index)) != row["means"]
    }
    assert wrong == {}
