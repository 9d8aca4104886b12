"""Drafters, models that propose tokens for another one to check: the repos that are known (`catalogs/drafters.csv`)."""

from __future__ import annotations

import csv
from collections.abc import Mapping

from modelscan.dataclasses import dataclass

DRAFTERS = "drafters.csv"


@dataclass(frozen=True, kw_only=True, slots=True)
class Drafter:
    """A repo that drafts for the model `of`; `method` is vLLM's word, `tokens` how many it drafts in a step.

    `backends` are those that somebody published a command for.
    """

    repo_id: str
    of: str
    method: str
    tokens: int
    backends: tuple[str, ...]


def read_drafters(text: str) -> Mapping[str, Drafter]:
    """By the repo in lower case. Raises KeyError or ValueError for a text that is no such table."""
    return {
        row["drafter"].casefold(): Drafter(
            repo_id=row["drafter"],
            of=row["of"],
            method=row["method"],
            tokens=int(row["tokens"]),
            backends=tuple(row["backends"].split()),
        )
        for row in csv.DictReader(text.splitlines())
    }


def drafter_called(name: str, drafters: Mapping[str, Drafter]) -> Drafter | None:
    """By its repo, or by the repo's name alone where only one is called so."""
    wanted = name.casefold()
    if "/" in wanted:
        return drafters.get(wanted)
    found = [item for repo, item in drafters.items() if repo.rpartition("/")[2] == wanted]
    return found[0] if len(found) == 1 else None
