"""When a name means a model: the ladder of agreements, from every word to another order of them (pure).

The merge climbs it with a host's name and the resolution with what a user types, so that both judge alike. A rung
with several models ends the climb: the name is ambiguous, and nobody picks for the user.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import IntEnum
from typing import TypeVar

from modelscan.catalog.naming import names
from modelscan.catalog.naming import words as vocabulary
from modelscan.parsing.regex import regex

T = TypeVar("T")

ACTIVE = regex(r"a\d+(?:\.\d+)?[bm]")
SIZE_WORD = regex(r"(?:\d+(?:\.\d+)?[bmt]|\d+x\d+b)")
_BETWEEN_LETTERS = regex(r"(?<=[a-z]) (?=[a-z])")
_SERVED_CONTEXT = regex(r"4096|8192|16384|32768|65536|131072|\d+k")
_POINTED = regex(r"\d\.\d+")
_MARKED_VERSION = regex(r"v[1-9]\d?(?:\.\d+)*")
# What repos end with and people leave out: `2507`, `0905`, `20250929`, `v0.3`. Not `v2`: whisper-large-v2 is another.
EDITION = regex(r"2[3-9][01]\d|0[1-9][0-3]\d|1[0-2][0-3]\d|20[2-3]\d[01]\d[0-3]\d|v0\.\d+")

_PREFIXED = 3  # with the two words: `text-embedding-3-small` and `text-embedding-ada` are names of their own
_FAMILY_AND_DATE = 2  # `devstral-2512` without its date is the family, which has other members


class Rung(IntEnum):
    """What a name and a model agree in; lower is surer."""

    WORDS = 0
    UNDATED = 1  # all words but the date that the repo ends with: `-2507`, `-0905`
    PLAIN = 2  # all words but `instruct`, `it`, `chat` …
    PLAIN_UNDATED = 3
    INACTIVE = 4  # plain, and without the active size of a mixture of experts: `-a3b`
    DOTLESS = 5  # plain, with the dot of the version lost: `qwen35`
    JOINED = 6  # plain, with neighbouring words joined: `gptoss 20b`, `hunyuan video`
    ORDERLESS = 7  # plain and inactive, in any order: `nemotron-super-3-120b`, `claude-4.5-sonnet`

    __hash__ = int.__hash__  # Enum's own is written in Python, and a merge looks up some hundred thousand rungs


def rungs(parts: Sequence[str]) -> Iterator[tuple[Rung, str]]:
    """Every rung on which a model with a name of these words stands, with the key there."""
    full = " ".join(parts)
    plain = names.plain_key(tuple(parts))
    yield Rung.WORDS, full
    yield Rung.PLAIN, plain
    undated = plain
    if len(parts) > _FAMILY_AND_DATE and EDITION.fullmatch(parts[-1]):
        undated = names.plain_key(tuple(parts[:-1]))
        yield Rung.UNDATED, " ".join(parts[:-1])
        yield Rung.PLAIN_UNDATED, undated
    for key in {plain, undated}:
        inactive = _inactive(key)
        if inactive != key:
            yield Rung.INACTIVE, inactive
        yield Rung.JOINED, _joined(key)
        yield Rung.ORDERLESS, _sorted(inactive)
    if "." in plain:
        yield Rung.DOTLESS, plain.replace(".", "")


def _inactive(key: str) -> str:
    return " ".join(word for word in key.split() if not ACTIVE.fullmatch(word))


def _joined(key: str) -> str:
    """Numbers stay apart: `qwen 2 57b` is not `qwen 2.5 7b`."""
    return _BETWEEN_LETTERS.sub("", key)


def _sorted(key: str) -> str:
    return " ".join(sorted(key.split()))


def climb(parts: Sequence[str], models_on: Callable[[Rung, str], Sequence[T]]) -> tuple[Rung, Sequence[T]] | None:
    """The first rung where models stand, with all of them; None when there is none."""
    for spelling in _spellings(tuple(parts)):
        full = " ".join(spelling)
        plain = names.plain_key(spelling)
        for rung in Rung:
            found = list(models_on(rung, _asked_on(rung, full, plain)))
            if rung is Rung.UNDATED and full == plain:
                # A date or a tuning word left out weigh the same: `glm-4-9b` may be -chat and -0414.
                found.extend(item for item in models_on(Rung.PLAIN, plain) if item not in found)
            if found:
                return rung, found
    return None


def _asked_on(rung: Rung, full: str, plain: str) -> str:
    if rung in {Rung.WORDS, Rung.UNDATED}:
        return full
    if rung is Rung.JOINED:
        return _joined(plain)
    return _sorted(_inactive(plain)) if rung is Rung.ORDERLESS else plain


def _spellings(parts: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    """The words, then without storage words, then without what hosts add: price tiers, `open-`, the context they
    serve (`-8192`), a `v` before the version (`llama-v3.1`), `text-embedding-` before a name; at last with the `v`
    that people leave out (`llava 1.6`).
    """
    stored, _ = names.without_quantization(parts)
    tierless = names.without_tiers(stored) or stored
    hosted = tierless[1:] if tierless and tierless[0] in vocabulary.LEADING else tierless
    if len(hosted) > 1 and _SERVED_CONTEXT.fullmatch(hosted[-1]):
        hosted = hosted[:-1]
    unmarked = tuple(word[1:] if _MARKED_VERSION.fullmatch(word) else word for word in hosted)
    is_prefixed = (
        " ".join(hosted[:2]) in vocabulary.EMBEDDING_PREFIXES and len(hosted) > _PREFIXED and hosted[2].isalpha()
    )
    named = hosted[2:] if is_prefixed else hosted
    marked = tuple(f"v{word}" if _POINTED.fullmatch(word) else word for word in hosted)
    return dict.fromkeys((parts, stored, tierless, hosted, unmarked, named, marked))
