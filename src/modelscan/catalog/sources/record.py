"""What every source is parsed into: one record per entry, the entry kept verbatim beside what we understood of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from modelscan.catalog.sources.state import SkippedCount
from modelscan.dataclasses import dataclass, field
from modelscan.model import ProviderOffer, Spec, Weights
from modelscan.parsing.problems import Skipped

Entry = tuple[str, Mapping[str, Any]]
"""A key of the source's own, and what it says there, word for word."""

Last = Callable[[Callable[[str], bool]], Iterable[Entry]]
"""The entries of the last good data whose key is wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceRecord:
    """One entry of one source.

    `names` are all spellings by which the source means this model. `weights` are repos that the source vouches for;
    an entry without any is tied to a model by its names. `moving` are names
    whose meaning the lab changes over time. `facts` are values by field of Model, parts dotted:
    `{"task": …, "limits.context": …}`. `family_default` makes this model what a bare family name means, with the
    reason. `extra` are fields of the source that we have no name for. `is_witnessed` is False where only one list of
    another program names the repo, which may be misspelled or gone.
    """

    source: str
    key: str
    raw: str
    names: tuple[str, ...]
    moving: tuple[str, ...] = ()
    model_id: str | None = None
    provider: str | None = None
    offer: ProviderOffer | None = None
    weights: tuple[Weights, ...] = ()
    specs: tuple[Spec, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    family_default: str | None = None
    is_witnessed: bool = True


class Attached(NamedTuple):
    """An entry that is kept though it is no model: a host with its address, a draft model, a vocabulary."""

    source: str
    key: str
    raw: str


@dataclass(slots=True)
class Parsed:
    """What one payload held: records kept and records skipped add up to the records that were in it."""

    records: list[SourceRecord] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    attached: list[Attached] = field(default_factory=list)

    def extend(self, other: Parsed) -> None:
        self.records.extend(other.records)
        self.skipped.extend(other.skipped)
        self.attached.extend(other.attached)

    def skipped_counts(self) -> tuple[SkippedCount, ...]:
        """Each reason and how often, the most frequent first."""
        counts = Counter(entry.reason for entry in self.skipped).most_common()
        return tuple(SkippedCount(reason=reason, count=count) for reason, count in counts)


def verbatim(entry: object) -> str:
    """A source's entry as JSON text, in ASCII: what could harm a terminal stays escaped. YAML's dates become text."""
    return _ENCODER.encode(entry)


# Whatever holds itself is refused as nested too deep.
_ENCODER = json.JSONEncoder(separators=(",", ":"), default=str, check_circular=False)
