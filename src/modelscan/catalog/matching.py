"""When a name means a model: the ladder of agreements, from every word to a lost dot (pure).

The merge climbs it with a host's name and the resolution with what a user types, so that both judge alike. A rung
with several models ends the climb: the name is ambiguous, and nobody picks for the user.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import IntEnum
from typing import TypeVar

from modelscan.catalog import names

T = TypeVar("T")

_ACTIVE = re.compile(r"a\d+(?:\.\d+)?b")
# What repos end with and people leave out: `2507`, `0905`, `20250929`, `v0.3`. Not `v2`: whisper-large-v2 is another.
_EDITION = re.compile(r"2[3-9][01]\d|0[1-9][0-3]\d|1[0-2][0-3]\d|20[2-3]\d[01]\d[0-3]\d|v0\.\d+")


class Rung(IntEnum):
    """What a name and a model agree in; lower is surer."""

    WORDS = 0
    UNDATED = 1  # all words but the date that the repo ends with: `-2507`, `-0905`
    PLAIN = 2  # all words but `instruct`, `it`, `chat` …
    PLAIN_UNDATED = 3
    INACTIVE = 4  # plain, and without the active size of a mixture of experts: `-a3b`
    DOTLESS = 5  # plain, with the dot of the version lost: `qwen35`


def rungs(parts: Sequence[str]) -> Iterator[tuple[Rung, str]]:
    """Every rung on which a model with a name of these words stands, with the key there."""
    full = " ".join(parts)
    plain = names.plain_key(tuple(parts))
    yield Rung.WORDS, full
    yield Rung.PLAIN, plain
    undated = plain
    if len(parts) > 1 and _EDITION.fullmatch(parts[-1]):
        undated = names.plain_key(tuple(parts[:-1]))
        yield Rung.UNDATED, " ".join(parts[:-1])
        yield Rung.PLAIN_UNDATED, undated
    for key in {plain, undated}:
        inactive = " ".join(word for word in key.split() if not _ACTIVE.fullmatch(word))
        if inactive != key:
            yield Rung.INACTIVE, inactive
    if "." in plain:
        yield Rung.DOTLESS, plain.replace(".", "")


def climb(parts: Sequence[str], models_on: Callable[[Rung, str], Sequence[T]]) -> tuple[Rung, Sequence[T]] | None:
    """The first rung where models stand, with all of them; None when there is none."""
    for spelling in _spellings(tuple(parts)):
        full = " ".join(spelling)
        plain = names.plain_key(spelling)
        for rung in Rung:
            key = full if rung in {Rung.WORDS, Rung.UNDATED} else plain
            if found := models_on(rung, key):
                return rung, found
    return None


def _spellings(parts: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    """The words, then without storage words, then without the words of hosts' price tiers."""
    stored, _ = names.without_quantization(parts)
    tierless = tuple(word for word in stored if word not in names.TIER_WORDS) or stored
    return dict.fromkeys((parts, stored, tierless))
