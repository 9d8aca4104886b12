"""Smaller models of a family, by name, that fit where a larger one does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from modelscan.catalog import names
from modelscan.catalog.family import SIZE_WORD
from modelscan.catalog.index import Index
from modelscan.catalog.lookup import Member
from modelscan.catalog.matching import ACTIVE, EDITION
from modelscan.model import Fits, Model
from modelscan.system.clock import Clock

MOST_NAMED = 3
_SAME_SIZE = 0.04  # of two that hardly differ in size the larger is named
_SECONDS = 0.25  # a refusal does not wait for its hints


def smaller_siblings(
    model: Model, index: Index, judge: Callable[[Model], Fits], clock: Clock
) -> list[tuple[Model, Fits]]:
    """The largest few that fit, the largest first; of the same name without its size, else of the same first word."""
    until = clock.monotonic() + _SECONDS
    found: list[tuple[Model, Fits]] = []
    seen = {model.id}
    for members in _families(model, index):
        for member in sorted(members, key=lambda item: (-(item.parameters or 0), -item.offers, item.id)):
            if len(found) == MOST_NAMED or clock.monotonic() > until:
                return found
            if member.id in seen or not _is_smaller(member, model) or _as_large(member, found):
                continue
            seen.add(member.id)
            sibling = index.get(member.id)
            fits = judge(sibling) if sibling is not None else None
            if sibling is not None and fits is not None and fits.feasible:
                found.append((sibling, fits))
        if found:
            return found
    return found


def _families(model: Model, index: Index) -> Iterator[list[Member]]:
    """Those whose names begin alike up to the first size or date, then those that share the first word."""
    words = list(names.words(model.id))
    end = next((place for place, word in enumerate(words) if place and _is_size(word)), len(words))
    yield _alike(index.members(" ".join(words[:end])), words)
    if end > 1:
        yield _alike(index.members(words[0]), words)


def _is_size(word: str) -> bool:
    return any(pattern.fullmatch(word) for pattern in (SIZE_WORD, ACTIVE, EDITION))


def _alike(members: list[Member], words: list[str]) -> list[Member]:
    """What the release's lab made of it: distilled models answer as it does, coders, guards and readers do not."""
    other = names.OTHER_MODEL_WORDS - {"distill", "distilled", *words}
    return [item for item in members if item.weights and item.official and other.isdisjoint(item.key.split())]


def _as_large(member: Member, found: list[tuple[Model, Fits]]) -> bool:
    size = member.parameters or 0
    return any(abs(size - (other.parameters or 0)) <= size * _SAME_SIZE for other, _ in found)


def _is_smaller(member: Member, model: Model) -> bool:
    known = member.parameters is not None and model.parameters is not None
    return known and member.task == model.task and (member.parameters or 0) < (model.parameters or 0)
