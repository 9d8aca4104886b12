"""`catalogs/known_weights.csv`: the official repos of the most used open models, with what names cannot tell.

With `catalogs/quantized_weights.csv`: others' forms of them, where the lab publishes none that a small GPU could hold;
and `catalogs/gguf_weights.csv`: GGUF files of the most wanted ones.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable

from modelscan.catalog.sources import standing
from modelscan.catalog.sources.record import Parsed, SourceRecord, verbatim
from modelscan.model import Weights

NAME = standing.KNOWN_WEIGHTS.name
_LISTS = frozenset({"ms-swift", "xinference", "llamafactory"})  # of models that other programs take


# Where the list that names a repo does not say which it has: what llama.cpp takes of one where nobody says.
_USUAL_GGUF = "Q4_K_M"


def parse(payload: str, quantized: str = "", gguf: str = "") -> Parsed:
    """One record a row; the files are ours and tested, so a wrong row is an error of the program."""
    forms: dict[str, list[str]] = defaultdict(list)
    for row in csv.DictReader(io.StringIO(quantized)):
        forms[row["of"]].append(row["repo"])
    files: dict[str, list[Weights]] = defaultdict(list)
    for row in csv.DictReader(io.StringIO(gguf)):
        files[row["of"]].append(_gguf(row["repo"], row["quantization"]))
    return Parsed(
        records=[_record(row, forms[row["repo"]], files[row["repo"]]) for row in csv.DictReader(io.StringIO(payload))]
    )


def _gguf(repo: str, quantization: str) -> Weights:
    return Weights(
        source="huggingface",
        repo_id=repo,
        format="gguf",
        quantization=quantization or _USUAL_GGUF,
        official=False,
        verified=False,
    )


def _record(row: dict[str, str], quantized: Iterable[str], gguf: Iterable[Weights]) -> SourceRecord:
    repo, modelscope = row["repo"], row["modelscope"]
    weights = [Weights(source="huggingface", repo_id=repo, official=True)]
    if modelscope:
        weights.append(Weights(source="modelscope", repo_id=modelscope, official=True))
    weights.extend(Weights(source="huggingface", repo_id=form, official=False) for form in quantized)
    weights.extend(gguf)
    aliases, owner = row["aliases"].split(), repo.partition("/")[0]
    facts = {
        "task": row["task"] or None,
        "license": row["license"] or None,
        "tags": tuple(row["tags"].split()),
        "parameters": int(row["parameters"]) if row["parameters"] else None,
        "active_parameters": int(row["active_parameters"]) if row["active_parameters"] else None,
    }
    return SourceRecord(
        source=NAME,
        key=repo,
        raw=verbatim({key: value for key, value in row.items() if value}),
        names=(repo, *aliases, *(f"{owner}/{alias}" for alias in aliases if "/" not in alias)),
        moving=tuple(row["moving_aliases"].split()),
        model_id=row["id"] or repo.lower(),
        weights=tuple(weights),
        is_witnessed=row["evidence"] not in _LISTS,
        facts={key: value for key, value in facts.items() if value is not None and value != ()},
    )
