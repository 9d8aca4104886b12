"""Names that describe a model beside naming it: what it is (`granite3.1-dense`, `kokoro tts`), which of several
(`gpt oss big`, `mistral small latest`), a size without its unit (`r1 distill 32`) (pure).

Asked only where the words as they stand name nothing. A word that describes may be missing from the name, but never
be ignored: the model must be what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from modelscan.catalog.naming import names
from modelscan.catalog.naming import words as vocabulary
from modelscan.catalog.naming.family import plain_member
from modelscan.catalog.naming.lookup import Member
from modelscan.catalog.naming.matching import SIZE_WORD

_BARE_SIZE = 2  # digits; one digit is a version
_A_PAIR = 2


class Fitting(NamedTuple):
    """Models that a description fits, in the order that it asks for; `only` where it leaves no doubt."""

    members: list[Member]
    only: Member | None
    is_ordered: bool


def described(parts: Sequence[str], members_of: Callable[[Sequence[str]], Iterator[list[Member]]]) -> Fitting | None:
    """What the words mean as a description. `members_of` gives what the other words may name, the surest first."""
    for named, forms, order in _readings(parts):
        for members in members_of(named):
            fitting = [item for item in members if all(_is(item, form) for form in forms)]
            if fitting:
                return _chosen(named, forms, order, fitting)
    return None


def _readings(parts: Sequence[str]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], str | None]]:
    """The words that name, the forms and the order, with bare sizes as they are and as sizes."""
    parts = names.without_tiers(tuple(parts))
    forms = tuple(dict.fromkeys(vocabulary.FORMS[word] for word in parts[1:] if word in vocabulary.FORMS))
    orders = sorted(
        (word for word in parts if word in vocabulary.ORDERS), key=lambda word: word in vocabulary.SIZE_WORDS
    )
    formless = (*parts[:1], *(word for word in parts[1:] if word not in vocabulary.FORMS))
    for named, wanted in dict.fromkeys(((tuple(parts), ()), (formless, forms))):
        sized = tuple(f"{word}b" if word.isdigit() and len(word) >= _BARE_SIZE else word for word in named)
        if sized != named and not any(SIZE_WORD.fullmatch(word) for word in named):
            yield sized, wanted, None
        if wanted:
            yield named, wanted, None
        for order in orders:
            if rest := tuple(word for word in named if word != order):
                yield rest, wanted, vocabulary.ORDERS[order]


def _is(member: Member, form: str) -> bool:
    if form in {"vision", "reasoning"}:
        return form in member.tags
    if form in {"sparse", "dense"}:
        is_sparse = member.active is not None and member.active < (member.parameters or member.active + 1)
        return is_sparse == (form == "sparse")
    return member.task == form


def _chosen(parts: Sequence[str], forms: Sequence[str], order: str | None, members: list[Member]) -> Fitting:
    described_by = [word for word, form in vocabulary.FORMS.items() if form in forms]
    if order is None:
        only = members[0] if len(members) == 1 else plain_member((*parts, *described_by), members)
        return Fitting(members, only, is_ordered=False)
    plain = [item for item in members if vocabulary.OTHER_MODEL.isdisjoint(set(item.key.split()) - {*parts})] or members
    if order == "newest":
        ordered = sorted(plain, key=lambda item: item.released or "", reverse=True)
        return Fitting(ordered, ordered[0] if len(ordered) == 1 else None, is_ordered=True)
    ordered = sorted(plain, key=lambda item: item.parameters or 0, reverse=order == "largest")
    # Of two sizes one is the large and one the small; of more, nobody can tell what `big` means.
    sizes = {item.parameters for item in ordered}
    is_clear = len(ordered) == len(sizes) <= _A_PAIR and None not in sizes
    return Fitting(ordered, ordered[0] if is_clear else None, is_ordered=True)
