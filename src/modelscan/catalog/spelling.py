"""How far apart two words are: optimal string alignment, so that two swapped letters are one mistake (pure)."""

from __future__ import annotations

from collections.abc import Iterable

# Shorter words are one letter away from too many others.
_SHORTEST, _LONG = 4, 8


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


def corrections(word: str, vocabulary: Iterable[tuple[str, int]]) -> list[str]:
    """The known words nearest to `word`, the most used first; none for short words and numbers."""
    if len(word) < _SHORTEST or word[0].isdigit():
        return []
    limit = 1 if len(word) < _LONG else 2
    found = [(away, -used, known) for known, used in vocabulary if (away := distance(word, known, limit)) <= limit]
    nearest = min(found)[0] if found else 0
    return [known for away, _, known in sorted(found) if away == nearest][:3]
