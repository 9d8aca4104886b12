"""From what people give with --backend-arg to arguments: names with their values."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Collection, Sequence

from modelscan.dataclasses import dataclass
from modelscan.errors import Usage
from modelscan.parsing.regex import regex

_NEGATIVE = regex(r"-\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: `name` as backends list it (`--max-num-seqs`), the values, and the words it was given in."""

    name: str
    values: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def shown(self) -> str:
        return " ".join(self.words)


def split_words(arguments: Sequence[str]) -> tuple[str, ...]:
    """The words of arguments given as `--x=y`, as `--x y` in one string, or as two strings. Raises Usage.

    A value that is JSON stays in one piece.
    """
    words: list[str] = []
    for argument in arguments:
        name, _, rest = argument.strip().partition(" ")
        if not name.startswith("-") or not rest or "=" in name:
            words.append(argument.strip())
        elif rest.lstrip().startswith(("{", "[")):
            words += [name, rest.strip()]
        else:
            words += [name, *_unquoted(rest, argument)]
    return tuple(words)


def read_arguments(arguments: Sequence[str], switches: Collection[str] = ()) -> tuple[Argument, ...]:
    """Arguments in their order; `switches` are the names that take no value, so what follows one is refused.

    A name may be written with underscores and with a dotted part (`--speculative-config.method=mtp`), as the
    backends allow. Raises Usage for a word that belongs to no argument: a backend would take it for the model.
    """
    return _read(tuple(arguments), frozenset(switches))


@functools.lru_cache(maxsize=1_000)  # a plan reads the same words of a catalog and of the user for every candidate
def _read(arguments: tuple[str, ...], switches: frozenset[str]) -> tuple[Argument, ...]:
    found: list[Argument] = []
    for word in split_words(arguments):
        if word.startswith("-") and not _NEGATIVE.fullmatch(word):
            name, equals, value = word.partition("=")
            found.append(Argument(_named(name), (value,) if equals else (), (word,)))
        elif not found or found[-1].name in switches or "=" in found[-1].words[0]:
            raise Usage(f"`{word}` is not an argument", hints=["the form is --backend-arg=--name=value"])
        else:
            last = found[-1]
            found[-1] = Argument(last.name, (*last.values, word), (*last.words, word))
    return tuple(found)


def _named(name: str) -> str:
    base = name.partition(".")[0]
    return base.replace("_", "-") if base.startswith("--") else base


def _unquoted(text: str, argument: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise Usage(f"`{argument}` has an unclosed quotation mark", hints=["close it"]) from None
