"""Seeds: models that environment variables hold as JSON documents (pure but for the tables)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from modelscan.backends.arguments.secrets import holds_secret
from modelscan.dataclasses import dataclass
from modelscan.parsing.json_text import load
from modelscan.parsing.problems import NotThisFormat
from modelscan.parsing.regex import regex
from modelscan.registry.entry import Entry, EntryInvalid, read_entry
from modelscan.units import KIB

REQUIRED = ("id", "name", "type", "runtime")
LARGEST = 128 * KIB  # the longest variable that Linux hands to a program (MAX_ARG_STRLEN)
_DIGITS = regex(r"(\d+)")


class Seed(NamedTuple):
    variable: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class SkippedSeed:
    """A variable that is no seed, or one that another takes the place of."""

    variable: str
    reason: str


@dataclass(frozen=True, slots=True)
class FailedSeed:
    """A seed whose model cannot be made; `id` is as it was written, where that can be shown."""

    variable: str
    id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Seeds:
    """`loaded` are those that can be made, in the natural order of their variables, one for each id."""

    loaded: tuple[Seed, ...] = ()
    skipped: tuple[SkippedSeed, ...] = ()
    failed: tuple[FailedSeed, ...] = ()


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """The order of people: `MODEL_2` before `MODEL_10`."""
    parts = (part for part in _DIGITS.split(name) if part)
    return tuple((0, int(part), part) if part.isascii() and part.isdigit() else (1, 0, part) for part in parts)


def read_seeds(variables: Mapping[str, str]) -> Seeds:
    """The seeds of variables; of two with one id the later one counts."""
    loaded: dict[str, Seed] = {}
    skipped: list[SkippedSeed] = []
    failed: list[FailedSeed] = []
    for variable in sorted(variables, key=natural):
        try:
            raw = _document(variables[variable])
        except EntryInvalid as error:
            skipped.append(SkippedSeed(variable, str(error)))
            continue
        try:
            seed = Seed(variable, _entry(raw, variables[variable]))
        except EntryInvalid as error:
            failed.append(FailedSeed(variable, _shown_id(raw["id"]), str(error)))
            continue
        key = seed.entry.id.casefold()
        if (earlier := loaded.pop(key, None)) is not None:
            skipped.append(SkippedSeed(earlier.variable, f"`{variable}` has the same id and comes later"))
        loaded[key] = seed
    return Seeds(tuple(loaded.values()), tuple(skipped), tuple(failed))


def _document(text: str) -> Mapping[str, Any]:
    """The object, with all that a seed must have. Raises EntryInvalid."""
    if len(text) > LARGEST:
        raise EntryInvalid(f"it is larger than {LARGEST // KIB} KiB")
    try:
        raw = load(text)
    except NotThisFormat as error:
        raise EntryInvalid(_without_text(str(error))) from None
    if not isinstance(raw, dict):
        raise EntryInvalid("not a JSON object")
    missing = [f"`{name}`" for name in REQUIRED if raw.get(name) in {None, ""}] if _is_plain(raw) else []
    if missing:
        raise EntryInvalid(f"it lacks {' and '.join(missing)}")
    return raw


def _is_plain(raw: Mapping[str, Any]) -> bool:
    """Whether the values that must be there can be compared: a list or a mapping is there, and of a wrong type."""
    return not any(isinstance(raw.get(name), list | dict) for name in REQUIRED)


def _without_text(reason: str) -> str:
    """JSON's reason without what it repeats of a value."""
    return re.sub(r"(Invalid \\escape|Invalid control character at|Exceeds).*?: ", r"\1: ", reason)


def _entry(raw: Mapping[str, Any], text: str) -> Entry:
    entry = read_entry(raw)
    if holds_secret(text):
        raise EntryInvalid("it holds what looks like a secret, which would be stored")
    return entry


def _shown_id(value: object) -> str | None:
    """An id that may be shown: one that is a name."""
    try:
        return read_entry({"id": value}).id
    except EntryInvalid:
        return None


def warnings_of(seeds: Seeds) -> Iterator[SkippedSeed]:
    """What a seed says and nobody reads, with its variable."""
    for seed in seeds.loaded:
        for warning in seed.entry.warnings:
            yield SkippedSeed(seed.variable, warning)
