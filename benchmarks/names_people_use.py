"""What people call a model, and what they search: `python -m benchmarks.names_people_use --names CSV --searches CSV`.

Spellings and searches of public threads, each with its source. `acceptable` are repos, or `closed` (closed weights are
the answer) and `none` (not knowing is). The ways a spelling can go:

  right         it leads at once to one of the acceptable repos; where `none` is acceptable, it is not known
  asked, first  it is asked back, or not known, and an acceptable model is the first that is offered
  asked, listed the same, and an acceptable model is offered, not as the first
  asked         nothing acceptable is offered
  wrong         it leads to other weights, or to a repo that nobody has

What is asked is what `plan` would ask for a machine on which nearly everything fits, so that the order is that of the
names and not of this machine. A search is right where something comes, the first hit matches `ok_first_regex` and is
not larger than `max_b_first`, and none of five matches `forbidden_top5_regex`; a model is matched by its id, its repos
and their quantizations, and a size only as a whole number (`8b` is not in `0.8b`). `flags` are options of the search.
A column named for a commit (what it did with the row) is shown beside the result.
"""

from __future__ import annotations

import argparse
import csv
import re
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.asking import ACCEPTED, Program, cell, program

WAYS = ("right", "asked, first", "asked, listed", "asked", "wrong")
_LARGE = "8xb200"
_FIRST_FEW = 5
_FORMER = re.compile(r"^[0-9a-f]{7}$")
_Model = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """One spelling, which way it went, and where to."""

    row: Mapping[str, str]
    way: str
    got: str


def judge_name(row: Mapping[str, str], asked: Program) -> Named:
    acceptable = {one.casefold() for one in row["acceptable"].split("|")}
    answer = asked.ask("catalog", "info", row["query"])
    if answer.status == ACCEPTED:
        way = "right" if acceptable & _what(answer.document) else "wrong"
        return Named(row=row, way=way, got=answer.document["id"])
    if answer.code == "model_ambiguous":
        answer = asked.ask("plan", row["query"], "--hardware", _LARGE)
    details = answer.error["details"] if answer.error else {}
    offered: Sequence[str] = details.get("candidates") or details.get("near") or ()
    got = f"{answer.code}: {', '.join(offered[:_FIRST_FEW]) or answer.why}"
    if answer.code == "model_not_found" and "none" in acceptable:
        return Named(row=row, way="right", got=got)
    found = [bool(acceptable & _what(asked.ask("catalog", "info", one).document)) for one in offered]
    way = "asked" if True not in found else "asked, first" if found[0] else "asked, listed"
    return Named(row=row, way=way, got=got)


def _what(model: _Model | None) -> set[str]:
    """What a model may be accepted for: its repos, or that it is closed."""
    if model is None:
        return set()
    repos = {weights["repo_id"].casefold() for weights in model["weights"]}
    return repos | ({"closed"} if model["open_weights"] is False else set())


@dataclass(frozen=True, kw_only=True, slots=True)
class Searched:
    """One search: what is wrong with the answer, empty where nothing is, and what came first."""

    row: Mapping[str, str]
    wrong: str
    got: Sequence[str]


def judge_search(row: Mapping[str, str], asked: Program) -> Searched:
    words = [*row["query"].split(), *shlex.split(row["flags"]), "--limit", str(_FIRST_FEW)]
    answer = asked.ask("catalog", "search", *words)
    if answer.status != ACCEPTED:
        return Searched(row=row, wrong=f"{answer.code}: {answer.why}", got=())
    models: list[_Model] = answer.document
    return Searched(row=row, wrong=_fault(row, models), got=[model["id"] for model in models])


def _fault(row: Mapping[str, str], models: Sequence[_Model]) -> str:
    if not models:
        return "nothing found"
    first, most = models[0], float(row["max_b_first"] or "inf")
    forbidden = [model["id"] for model in models if _matches(row["forbidden_top5_regex"], model)]
    if not _matches(row["ok_first_regex"], first):
        return "the first is none of what was meant"
    if first["parameters"] and first["parameters"] > most * 1e9:
        return f"the first has {first['parameters'] / 1e9:.0f}B parameters, more than {most:g}B"
    return f"forbidden: {', '.join(forbidden)}" if forbidden else ""


def _matches(pattern: str, model: _Model) -> bool:
    pattern = re.sub(r"(^|\|)(?=\d)", r"\1(?<![\\d.])", pattern)
    known = [f"{weights['repo_id']} {weights['quantization'] or ''}" for weights in model["weights"]]
    return bool(pattern) and any(re.search(pattern, text.casefold()) for text in (model["id"], *known))


def show_names(named: Sequence[Named]) -> None:
    print(f"## {len(named)} names\n\n| rows | all | {' | '.join(WAYS)} | right at once | or asked, first |")
    print(f"|---|---|{'---|' * len(WAYS)}---|---|")
    groups = {"all": list(named)}
    for kind in ("kind", "style"):
        for value in sorted({item.row[kind] for item in named}):
            groups[f"{kind} {value}"] = [item for item in named if item.row[kind] == value]
    for label, members in groups.items():
        counted = Counter(item.way for item in members)
        right, first = counted["right"] / len(members), counted["asked, first"] / len(members)
        cells = " | ".join(str(counted[way]) for way in WAYS)
        print(f"| {label} | {len(members)} | {cells} | {right:.0%} | {right + first:.0%} |")
    print("\n| way | name | kind | acceptable | got | before |\n|---|---|---|---|---|---|")
    for item in sorted(named, key=lambda item: -WAYS.index(item.way)):
        if item.way != "right":
            row = item.row
            acceptable = row["acceptable"].replace("|", ", ")
            shown = (item.way, f"`{row['query']}`", row["kind"], acceptable, item.got, _before(row))
            print(f"| {' | '.join(map(cell, shown))} |")


def show_searches(searched: Sequence[Searched]) -> None:
    right = sum(not item.wrong for item in searched)
    print(f"\n## {len(searched)} searches: {right} right, {right / len(searched):.0%}\n")
    print("| search | wrong | got | before |\n|---|---|---|---|")
    for item in searched:
        if item.wrong:
            what = f"`{item.row['query']}` {item.row['flags']}"
            print(f"| {cell(what)} | {cell(item.wrong)} | {', '.join(item.got)} | {_before(item.row)} |")


def _before(row: Mapping[str, str]) -> str:
    return next((f"{value} ({key})" for key, value in row.items() if _FORMER.match(key)), "")


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=Path, metavar="CSV", help="query, kind, acceptable, style")
    parser.add_argument("--searches", type=Path, metavar="CSV", help="query, flags, what may and may not come")
    options = parser.parse_args()
    if not options.names and not options.searches:
        parser.error("nothing to measure: give --names, --searches or both")
    with program() as asked:
        if options.names:
            show_names([judge_name(row, asked) for row in read(options.names)])
        if options.searches:
            show_searches([judge_search(row, asked) for row in read(options.searches)])


if __name__ == "__main__":
    main()
