"""How often a name and a search lead to the right model: `python -m benchmarks.catalog_quality`.

In process, over the index of `catalogs/`, against the judged rows of `benchmarks/data`. Every miss is printed. The
rows only measure: a miss is mended by a rule or by general coverage, never by an entry for the row. The held-out
rows were written down before the program had seen them: their first run says what a name off the lists meets.
"""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, cast

from modelscan.catalog.index.index import Index, connect
from modelscan.catalog.index.search import search
from modelscan.catalog.naming.identity import resolve
from modelscan.catalog.naming.resolution import Resolution
from modelscan.catalog.refresh.shipped_index import build_shipped_index
from modelscan.errors import ModelAmbiguous, ModelNotFound
from modelscan.model import Model

CATALOGS = Path(__file__).resolve().parents[1] / "catalogs"
DATA = Path(__file__).resolve().parent / "data"
Outcome = Literal["right", "asks", "unknown", "wrong"]
OUTCOMES: tuple[Outcome, ...] = ("right", "asks", "unknown", "wrong")
FIRST_FEW = 5
SETS = {
    "The rows of the research": ("identity_truth.csv", "search_truth.csv"),
    "Held-out rows": ("identity_held_out.csv", "search_held_out.csv"),
    "Held-out rows, the second set": ("identity_held_out_2.csv", "search_held_out_2.csv"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One row and what came of it. `named` rows are those whose repo a shipped source names."""

    query: str
    kind: str
    wanted: str
    outcome: Outcome
    got: str
    named: bool


def judge_name(row: dict[str, str], index: Index) -> Judged:
    """Wrong is only what leads to other weights: asking and not knowing cost a question."""
    query, kind, repo = row["query"], row["kind"], row["hf_repo"]
    alternatives = row["alternatives"].split(";") if row["alternatives"] else []
    repos = _lowered(repo.split("|"))  # before and after it was renamed, or under another organization
    wanted, named = repo or kind, not repo or any(index.named(one) for one in repos)
    outcome: Outcome
    try:
        resolution = resolve(query, index)
    except ModelAmbiguous as asked:
        candidates = cast("list[str]", asked.details["candidates"])
        listed = _repos(filter(None, map(index.get, candidates)))
        outcome = "right" if kind == "unknown" or (kind == "ambiguous" and listed & _lowered(alternatives)) else "asks"
        return Judged(
            query=query, kind=kind, wanted=wanted, outcome=outcome, got=", ".join(candidates[:4]), named=named
        )
    except ModelNotFound as missing:
        near = cast("list[str]", missing.details["near"])
        # A typo is suggested, not taken; what nobody has made is not known.
        suggested = kind == "typo" and repos & _repos(filter(None, map(index.get, near)))
        outcome = "right" if suggested or kind == "unknown" else "unknown"
        return Judged(query=query, kind=kind, wanted=wanted, outcome=outcome, got=", ".join(near), named=named)
    got = weights_of(resolution)
    if kind == "unknown":
        outcome = "wrong"
    elif row["open_weights"] == "false":
        outcome = "right" if _is_closed_with_alternatives(resolution, alternatives, index) else "wrong"
    else:
        same = resolution.model is not None and any(_is_same_weights(got, one, resolution.model) for one in repos)
        outcome = "right" if got.casefold() in repos or same else "wrong"
    return Judged(query=query, kind=kind, wanted=wanted, outcome=outcome, got=got, named=named)


def weights_of(resolution: Resolution) -> str:
    """The repo that would be used, or for a closed model its id."""
    if resolution.passthrough_repo:
        return resolution.passthrough_repo
    hint = resolution.weights_hint
    if hint and hint.repo_id:
        return hint.repo_id
    model = resolution.model
    if model is None:
        return "nothing"
    return model.weights[0].repo_id if model.weights else model.id


def _is_same_weights(got: str, wanted: str, model: Model) -> bool:
    """Another listed form of the very model: its ModelScope mirror, its FP8 repo, the name before it was renamed."""
    return _lowered([got, wanted]) <= _repos([model])


def _is_closed_with_alternatives(resolution: Resolution, alternatives: Sequence[str], index: Index) -> bool:
    model = resolution.model
    if model is None or model.open_weights is not False:
        return False
    # Which alternatives are good is an opinion: one of the stated ones is enough, any where none is stated.
    if not alternatives:
        return bool(model.open_alternatives)
    return bool(_repos(filter(None, map(index.get, model.open_alternatives))) & _lowered(alternatives))


def _repos(models: Iterable[Model]) -> set[str]:
    return {weights.repo_id.casefold() for model in models for weights in model.weights}


def _is_among(model: Model, patterns: str) -> bool:
    """Whether one of its repos is one of those listed, with `*` for any characters."""
    wanted = _lowered(filter(None, patterns.split("|")))
    return any(fnmatchcase(repo, pattern) for repo in _repos([model]) for pattern in wanted)


def _lowered(texts: Iterable[str]) -> set[str]:
    return {text.casefold() for text in texts}


@dataclass(frozen=True, kw_only=True, slots=True)
class Searched:
    """One search: where the first acceptable model stood (0 is nowhere), and what must not have been there."""

    query: str
    kind: str
    position: int
    forbidden: tuple[str, ...]
    got: tuple[str, ...]


def judge_search(row: dict[str, str], index: Index) -> Searched:
    """A search for a closed model is right where the first hit is closed and names open ones."""
    models = [model for hit in search(index, row["query"], limit=20) if (model := index.get(hit.id))]
    first = models[:FIRST_FEW]
    if row["kind"] == "closed":
        acceptable = [model.open_weights is False and bool(model.open_alternatives) for model in models]
    else:
        acceptable = [_is_among(model, row["acceptable_ids"]) for model in models]
    return Searched(
        query=row["query"],
        kind=row["kind"],
        position=acceptable.index(True) + 1 if True in acceptable else 0,
        forbidden=tuple(model.id for model in first if _is_among(model, row["forbidden_in_top5"])),
        got=tuple(model.id for model in first),
    )


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _show_names(judged: Sequence[Judged]) -> None:
    print("### Names\n\n| rows | all | right | asks | unknown | wrong | right of all |\n|---|---|---|---|---|---|---|")
    kinds = sorted({item.kind for item in judged})
    groups = [("all", judged), ("named by a shipped source", [item for item in judged if item.named])]
    groups.extend((kind, [item for item in judged if item.kind == kind]) for kind in kinds)
    for label, members in groups:
        counted = Counter(item.outcome for item in members)
        shown = " | ".join(str(counted[outcome]) for outcome in OUTCOMES)
        print(f"| {label} | {len(members)} | {shown} | {counted['right'] / len(members):.1%} |")
    for item in judged:
        if item.outcome != "right":
            print(f"- {item.outcome}: `{item.query}` ({item.kind}) means {item.wanted}; got {item.got}")


def _show_searches(searched: Sequence[Searched]) -> None:
    first = sum(1 for item in searched if item.position == 1)
    few = sum(1 for item in searched if 1 <= item.position <= FIRST_FEW)
    forbidden = sum(1 for item in searched if item.forbidden)
    print("\n### Searches\n\n| rows | acceptable first | among five | with something forbidden |\n|---|---|---|---|")
    print(f"| {len(searched)} | {first / len(searched):.1%} | {few / len(searched):.1%} | {forbidden} |")
    for item in searched:
        if item.position != 1 or item.forbidden:
            place = f"acceptable at {item.position}" if item.position else "nothing acceptable"
            wrong = f"; forbidden: {', '.join(item.forbidden)}" if item.forbidden else ""
            print(f"- `{item.query}` ({item.kind}): {place}{wrong}; got {', '.join(item.got) or 'nothing'}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        index = Index(connect(build_shipped_index(CATALOGS, Path(folder)), trusted=True), path=None)
        for title, (names, searches) in SETS.items():
            print(f"\n## {title}\n")
            _show_names([judge_name(row, index) for row in _rows(names)])
            _show_searches([judge_search(row, index) for row in _rows(searches)])
        index.close()


if __name__ == "__main__":
    main()
