"""How far apart two words are: optimal string alignment, so that two swapped letters are one mistake (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from modelscan.parsing.regex import regex

# Shorter words are one letter away from too many others; of these only two swapped letters are a mistake: `gml`.
_SHORTEST, _SWAPPED, _LONG = 4, 3, 8
_BEGINNING = 7
_DOUBLED = regex(r"(.)\1+")


def distance(one: str, other: str, limit: int) -> int:
    """Insertions, deletions, replacements and swaps of neighbours; `limit + 1` when it is more than `limit`."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    previous = list(range(len(other) + 1))
    for row, left in enumerate(one, start=1):
        current = [row]
        for column, right in enumerate(other, start=1):
            cost = min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (left != right))
            if row > 1 and column > 1 and left == other[column - 2] and one[row - 2] == right:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return limit + 1
        before, previous = previous, current
    return previous[-1]


def stumps_of(word: str) -> set[str]:
    """What is left of the beginning of a word without up to two letters.

    A word and a misspelling of it share a stump, so that a table of stumps finds the known words that a misspelled one
    may be, however many there are: the symmetric deletes of SymSpell, with the length of its prefixes and its proof.
    """
    beginning = word[:_BEGINNING]
    lost = range(len(beginning) - _mistakes(len(word) + 2), len(beginning) + 1)
    return {"".join(kept) for length in lost if length > 0 for kept in combinations(beginning, length)}


def _mistakes(length: int) -> int:
    """How many mistakes are forgiven in a word of this length."""
    return 1 if length < _LONG else 2


def corrections(word: str, known: Mapping[str, int]) -> list[str]:
    """The known words nearest to `word`, the most used first; none for short words and numbers."""
    if len(word) < _SWAPPED or word[0].isdigit():
        return []
    if len(word) < _SHORTEST:
        known = {term: used for term, used in known.items() if sorted(term) == sorted(word)}
    limit = _mistakes(len(word))
    single = _DOUBLED.sub(r"\1", word)
    found = [
        (away, -used, term)
        for term, used in known.items()
        # Which letter is doubled is one mistake, wherever it stands: `lamma`, `lama` and `llama`.
        if (away := 1 if single == _DOUBLED.sub(r"\1", term) else distance(word, term, limit)) <= limit
    ]
    nearest = min(found)[0] if found else 0
    return [term for away, _, term in sorted(found) if away == nearest][:3]
