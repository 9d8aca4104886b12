"""Which members of a family a name means: its first words, the others in any order, the sizes (pure).

A name may leave out what a lab adds (`instruct`, dates, active sizes), but what makes another model of it (`coder`,
`vl`, `thinking`) must be in the name: a member with such a word is offered, never chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from modelscan.catalog.naming import names
from modelscan.catalog.naming import words as vocabulary
from modelscan.catalog.naming.lookup import Member, Members
from modelscan.catalog.naming.matching import ACTIVE, EDITION, SIZE_WORD
from modelscan.parsing.regex import regex

_EXPERTS = regex(r"(\d+)x(\d+b)")  # Ollama's `16x17b` is the `17B-16E` of Llama 4
_VERSION = regex(r"v?\d+(?:\.\d+)*")
# A size in a tag is rounded: `70b` for 70.6 billion, `30b` for 30.5, `671b`; 32.8 is called 32b.
_SIZE_TOLERANCE = 0.08
_SHORTEST_NAME = 3
_FAMILY_AND_SIZE = 2  # words
_POINTED = regex(r"\d\.\d+")
_SECOND = 2  # `1.5` is an edition of the first
_GENERATION = regex(r"\d(?:\.\d)?")
_CONTEXT_WORD = regex(r" (\d{1,3})k\b")
_SIZED_IN_WORDS: frozenset[str] = frozenset({"embed", "rerank", "speech-to-text"})  # small, base, large
_GLUED = regex(r"([a-z]{3,})([a-z])")
_NICKNAME = regex(r"[a-uw-z]\d")  # beside other words: `r1 distill 32b`, `k2 thinking`
_MONTH_AND_YEAR = regex(r"0[1-9]|1[0-2]|202\d")  # two words: `command-a-03-2025`


def members_meant(parts: Sequence[str], index: Members, *, exactly: bool = False) -> list[Member]:
    """Members that have every word and size of the name; closed ones only where hardly any has weights.

    With `exactly` all words must lead, in order. Otherwise the longest beginning that a family has decides, and
    where no name begins so, names that contain the first word.
    """
    sizes = [word for word in parts if SIZE_WORD.fullmatch(word)]
    rest = tuple(word for word in parts if word not in sizes)
    if not rest:
        return []
    closed: list[Member] = []
    for length in range(len(rest), len(rest) - 1 if exactly else 0, -1):
        found = _fitting(index.members(" ".join(rest[:length])), rest[length:], sizes)
        if any(item.weights for item in found):
            return found
        closed = closed or found
    first = rest[0]
    is_name = (len(first) >= _SHORTEST_NAME and first.isalpha()) or (len(rest) > 1 and _NICKNAME.fullmatch(first))
    if closed or exactly or not is_name or first in _NO_NAMES:
        return closed
    return _fitting(index.containing(first), rest[1:], sizes)


_NO_NAMES = vocabulary.OTHER_MODEL | names.TUNING_WORDS | vocabulary.TIER | vocabulary.SIZE_WORDS


def _fitting(members: Iterable[Member], rest: Sequence[str], sizes: Sequence[str]) -> list[Member]:
    wanted = set(rest)
    found = [
        item
        for item in members
        if (item.weights or item.open is False)
        and _has_words(item, wanted)
        and all(_has_size(item, size) for size in sizes)
    ]
    with_weights = _preferred([item for item in found if item.weights], wanted)
    # One open model among closed ones of the name (`mistral-medium`) is not what the name means.
    closed = [item for item in found if item.open is False]
    return [*with_weights, *closed] if len(with_weights) <= 1 and not sizes else with_weights or found


def _has_words(member: Member, wanted: Iterable[str]) -> bool:
    """Whether every word is in its name, a version also with the `v` that people leave out."""
    words = set(member.key.split())
    return all(word in words or (_POINTED.fullmatch(word) and f"v{word}" in words) for word in wanted)


def _preferred(members: list[Member], wanted: set[str]) -> list[Member]:
    """Without what others made of a lab's model, and without weights before tuning, where there is something better."""
    labs = {item.lab for item in members if item.official}
    own = [item for item in members if item.official or item.lab not in labs]
    if "base" in wanted:
        return own
    tuned = [item for item in own if item.task != "completion"]
    return [item for item in own if item.task != "completion" or not _has_tuned(item, tuned)]


def _has_tuned(base: Member, tuned: Sequence[Member]) -> bool:
    """Of StarCoder2 only the largest was tuned: its name means none of the three."""
    sizes = [item.parameters for item in tuned]
    if base.parameters is None or None in sizes:
        return bool(tuned)
    return any(abs(size - base.parameters) <= size * _SIZE_TOLERANCE for size in sizes if size)


def _has_size(member: Member, size: str) -> bool:
    words = member.key.split()
    if size in words or any(word[1:] == size and word[0] in "er" for word in words):
        return True  # also Gemma's effective sizes, `e4b`, and the `r7b` of Command R
    if (experts := _EXPERTS.fullmatch(size)) and experts[2] in words and f"{experts[1]}e" in words:
        return True
    if f"a{size}" in words and not any(SIZE_WORD.fullmatch(word) for word in words):
        return True  # named by its active size alone, as Wan2.2-T2V-A14B
    wanted, _ = names.size_in_name(size)
    if not wanted or not member.parameters or any(SIZE_WORD.fullmatch(word) for word in words):
        return False
    return abs(member.parameters - wanted) <= wanted * _SIZE_TOLERANCE


def spelled_out(parts: tuple[str, ...], index: Members) -> tuple[str, ...] | None:
    """The words of a name whose first is the short name of a family, or a family with the letter of its version written
    on to it: `kimik2` is read as `kimik 2`.
    """
    first, *rest = parts or ("",)
    if first in vocabulary.SHORTS:
        return (*names.words(vocabulary.SHORTS[first]), *rest)
    glued = _GLUED.fullmatch(first) if rest and rest[0][0].isdigit() else None
    if glued is None or index.members(first) or not index.members(glued[1]):
        return None
    return (glued[1], f"{glued[2]}{rest[0]}", *rest[1:])


def only_member(parts: Sequence[str], members: Sequence[Member]) -> Member | None:
    """The only member that has every word of the name, or the only one."""
    whole = [item for item in members if set(parts) <= set(item.key.split())]
    return next((found[0] for found in (members, whole) if len(found) == 1), None)


def generations(parts: Sequence[str], found: Sequence[Member], index: Members) -> list[Member]:
    """All generations of a family, where a name without a version is nearly that of the first (`qwen 72b`, of
    Qwen-72B-Chat) and its lab has published two newer ones of that size; else nothing.
    """
    if len(found) != 1 or len(parts) != _FAMILY_AND_SIZE or not SIZE_WORD.fullmatch(parts[1]):
        return []
    first = found[0]
    if _added(parts, first):
        return []
    members = [item for item in members_meant(parts, index) if item.lab == first.lab and item.weights]
    newer = [item for item in members if _generation(_added(parts, item)) >= _SECOND]
    return [*newer, first] if len({tuple(_added(parts, item)) for item in newer}) > 1 else []


def _generation(added: set[str]) -> float:
    """The version that a member adds to a name; 0 where it adds more, or nothing."""
    (only,) = added if len(added) == 1 else ("",)
    return float(only) if _GENERATION.fullmatch(only) else 0


def plain_member(parts: Sequence[str], members: Sequence[Member]) -> Member | None:
    """The member that the name means without a question, if there is one.

    With a size, it is the only member, or the only one that adds nothing of meaning, or nothing but a version. Without
    a size, all others of its lab must be other models by a word of theirs, and no word of it may make it one.
    """
    members = _longest(members)
    added = {item.id: _added(parts, item) for item in members}
    plain = [item for item in members if not added[item.id]]
    only = plain[0] if len(plain) == 1 else (members[0] if len(members) == 1 else None)
    if any(SIZE_WORD.fullmatch(word) for word in parts):
        return only or (_only_of_its_lab(members, added) if not plain else None)
    same = [item for item in members if not _is_another(item, added[item.id])]
    alone = only in same and not any(item.lab == only.lab and item != only for item in same if only)
    return only if alone else None


def _only_of_its_lab(members: Sequence[Member], added: Mapping[str, set[str]]) -> Member | None:
    """The only one that adds nothing but a version, among what others made of it: `llama 405b`."""
    versioned = [item for item in members if all(_VERSION.fullmatch(word) for word in added[item.id])]
    only = versioned[0] if len(versioned) == 1 else None
    return None if only and any(item.lab == only.lab and item != only for item in members) else only


def _is_another(member: Member, added: Iterable[str]) -> bool:
    """Whether the words that a name lacks make another model of it; `base` among embedders is a size."""
    meaning = vocabulary.OTHER_MODEL & set(added)
    return bool(meaning - {"base", "moe"} if member.task in _SIZED_IN_WORDS else meaning)


def _longest(members: Sequence[Member]) -> Sequence[Member]:
    """Of editions that differ only in the context that they were made for, the longest: it does what the others do."""
    kept: dict[str, Member] = {}
    for item in members:
        key = _CONTEXT_WORD.sub("", item.key)
        known = kept.setdefault(key, item)
        if _context_named(item) > _context_named(known):
            kept[key] = item
    return list(kept.values())


def _context_named(member: Member) -> int:
    found = _CONTEXT_WORD.search(member.key)
    return int(found[1]) if found else 0


def _added(parts: Sequence[str], member: Member) -> set[str]:
    return {
        word
        for word in member.key.split()
        if word not in parts
        and word not in names.TUNING_WORDS
        and word not in vocabulary.EDITIONS
        and not (SIZE_WORD.fullmatch(word) or ACTIVE.fullmatch(word) or EDITION.fullmatch(word))
        and not _MONTH_AND_YEAR.fullmatch(word)
    }


def closed_family(parts: Sequence[str], lab: str | None, index: Members) -> Member | None:
    """The best known of a lab's family all of whose members are closed: another of its names means nothing open.

    A family is a beginning of the name, or its words without the version: `qwen3.9-max`.
    """
    sizes = {word for word in parts if SIZE_WORD.fullmatch(word)}
    unversioned = [word for word in parts if not _VERSION.fullmatch(word)]
    for length in range(len(parts) - 1, 0, -1):
        members = [item for item in index.members(" ".join(parts[:length])) if lab in {None, item.lab}]
        if length == 1 and len(unversioned) > 1:
            alike = [item for item in members if set(unversioned) <= set(item.key.split())]
            members = alike if len(alike) > 1 else members
        # Closed models do not tell their size: `nova 7b` is none of Amazon's.
        has_size = not sizes or any(sizes <= set(item.key.split()) for item in members)
        if not has_size or not any(item.official for item in members):
            continue
        if length == 1 or all(item.open is False for item in members):
            return best_known(members) if len(members) > 1 else None
    return None


def best_known(members: Sequence[Member]) -> Member | None:
    """Of closed models the one that most hosts offer; None where not all are closed."""
    if not members or any(item.open is not False for item in members):
        return None
    return max(members, key=lambda item: (item.offers, item.id))
