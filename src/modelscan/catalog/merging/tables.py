"""Our own tables: which lab owns which names, and what is open where a model is closed (pure: texts in, values out)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from modelscan.catalog.naming import names
from modelscan.dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Lab:
    """`organizations` are its names at hubs and hosts, `first_words` begin its models' names, and a model without
    known weights is closed when its name has one of `closed_words` (`*`: always).
    """

    name: str
    organizations: tuple[str, ...]
    first_words: tuple[str, ...]
    closed_words: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Alternative:
    """Open models of the same use as a closed one. Empty `lab` or `word` match any; the first match counts."""

    task: str
    lab: str
    word: str
    repos: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tables:
    labs: tuple[Lab, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    by_organization: Mapping[str, Lab] = field(default_factory=dict)
    by_first_word: Mapping[str, Lab] = field(default_factory=dict)

    def lab_of(self, owner: str | None, parts: Sequence[str]) -> str | None:
        """The lab of an owner or, where that is no lab's, of a name's first word."""
        lab = self.by_organization.get((owner or "").casefold()) or self.by_first_word.get(parts[0] if parts else "")
        return lab.name if lab else None

    def is_closed(self, lab: str | None, parts: Sequence[str]) -> bool:
        """Whether a model of that lab, whose weights nobody names, is known to be closed."""
        known = self.by_organization.get(lab or "")
        return known is not None and ("*" in known.closed_words or not set(known.closed_words).isdisjoint(parts))

    def open_alternatives(self, task: str, lab: str | None, parts: Sequence[str]) -> tuple[str, ...]:
        """Repos of open models for a closed one."""
        for entry in self.alternatives:
            if entry.task == task and entry.lab in {"", lab} and (not entry.word or entry.word in parts):
                return entry.repos
        return ()


def read_tables(labs_csv: str, alternatives_csv: str) -> Tables:
    """The tables of `labs.csv` and `open_alternatives.csv`."""
    labs = tuple(
        Lab(
            name=row["lab"],
            organizations=tuple(row["organizations"].split()),
            first_words=tuple(row["first_words"].split()),
            closed_words=tuple(row["closed_words"].split()),
        )
        for row in _rows(labs_csv)
    )
    alternatives = tuple(
        Alternative(task=row["task"], lab=row["lab"], word=row["word"], repos=tuple(row["alternatives"].split()))
        for row in _rows(alternatives_csv)
    )
    return Tables(
        labs=labs,
        alternatives=alternatives,
        by_organization={name.casefold(): lab for lab in labs for name in (lab.name, *lab.organizations)},
        by_first_word={word: lab for lab in labs for first in lab.first_words for word in names.words(first)[:1]},
    )


def _rows(text: str) -> Iterable[dict[str, str]]:
    return csv.DictReader(io.StringIO(text))
