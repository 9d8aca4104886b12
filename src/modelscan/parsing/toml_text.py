"""TOML of a user's own, with the place of each key, which the standard library's reader does not tell (pure).

That reader decides what the document says; where its keys stand is then found by a look at each line. A key that is
not found so, inside a text of several lines or an array of tables, has the place of the table it is in.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from modelscan.parsing.located import Located, Path, Position, Unreadable
from modelscan.parsing.regex import regex

_MAX_BYTES = 4 * 1024**2
_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_KEY = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_HEADER = regex(rf"^[ \t]*\[+[ \t]*({_KEY})[ \t]*\]+")
_LINE = regex(rf"^[ \t]*({_KEY})[ \t]*=[ \t]*")
_INLINE = regex(rf"([{{,][ \t]*)({_KEY})[ \t]*=[ \t]*|([{{}}])|(\"[^\"\n]*\"|'[^'\n]*')")
_AT = regex(r"(?P<reason>.*?)\s*\(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$", re.DOTALL)


def load_located(payload: bytes) -> Located:
    """The document with the place of each key. Raises Unreadable with the reason and the place."""
    if len(payload) > _MAX_BYTES:
        raise Unreadable("it is larger than 4.00 MiB")
    try:
        text = payload.decode()
        value = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise Unreadable("it is not UTF-8") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = _AT.fullmatch(str(error))
        if found is None or found["line"] is None:
            raise Unreadable(found["reason"] if found else str(error)) from error
        raise Unreadable(found["reason"], Position(int(found["line"]), int(found["column"]))) from error
    return Located(value, dict(_places(text)))


def _places(text: str) -> Iterator[tuple[Path, Position]]:
    table: Path = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _parts(header[1])
            yield table, Position(number, header.start(1) + 1)
        elif key := _LINE.match(line):
            path = (*table, *_parts(key[1]))
            yield path, Position(number, key.start(1) + 1)
            yield from _inline(line, key.end(), path, number)


def _inline(line: str, start: int, path: Path, number: int) -> Iterator[tuple[Path, Position]]:
    """The keys of tables that are written in one line."""
    if not line.startswith("{", start):
        return
    tables: list[Path] = []
    last = path
    for found in _INLINE.finditer(line, start):
        opened = "{" in (found[1] or found[3] or "")
        if opened:
            tables.append(last)
        elif found[3] and tables:
            tables.pop()
        if found[2] and tables:
            last = (*tables[-1], *_parts(found[2]))
            yield last, Position(number, found.start(2) + 1)


def _parts(key: str) -> Path:
    return tuple(part.strip("\"'") for part in re.findall(_PART, key))
