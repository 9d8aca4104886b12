"""Output on a terminal, with rich: a module of its own, because a pipe does not need it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from modelscan.cli.output.encoding import writes_unicode
from modelscan.parsing.regex import regex

_WIDE = 80  # of a terminal that does not say
_INDENT = "  "
# A command at the end of a message, after a colon or alone.
_COMMAND = regex(
    r"(?:^|: )((?:[A-Z][A-Z0-9_]*=\S+ )*"
    r"(?:modelscan|curl|export|unset|kill|docker|git|ls|mv|rm|df|ss|uv|touch|sudo) [^:]*(?::\S[^:]*)*)$"
)
# What a line is not broken in: what stands between backticks, and any other word.
_WHOLE = regex(r"(?:[^ `]|`[^`]*`)+(?![^ ])|[^ ]+")


class TerminalPrinter:
    """Through rich, which honours NO_COLOR and the width of the terminal. Text is never read as markup."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        self.width: int | None = self._console.width
        self.unicode: bool = writes_unicode(stream)

    def line(self, text: str = "", style: str = "") -> None:
        self._console.print(text, style=style or None, soft_wrap=True)

    def segments(self, parts: Sequence[tuple[str, str]]) -> None:
        self._console.print(Text.assemble(*parts), soft_wrap=True)

    def labelled(self, label: str, text: str, style: str) -> None:
        first, *rest = in_lines(text, self.width or _WIDE, taken=len(label) + 2)
        self._console.print(Text.assemble((f"{label}: ", style), first), soft_wrap=True)
        for line in rest:
            self.line(f"{_INDENT}{line}")

    def item(self, text: str, style: str = "", *, depth: int = 1) -> None:
        indent = _INDENT * depth
        width = (self.width or _WIDE) - len(indent)
        for line in in_lines(text, width) if _COMMAND.search(text) else wrapped(text, width):
            self.line(indent + line, style)

    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        indent = max((len(name) for name, _ in rows), default=0) + 2
        for name, value in rows:
            width = (self.width or _WIDE) - indent
            first, *rest = in_lines(value, width) if _COMMAND.search(value) else wrapped(value, width)
            self.segments([(name.ljust(indent), "dim"), (first, "")])
            for line in rest:
                self.line(" " * indent + line)

    def table(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        right: Sequence[str] = (),
        drop: Sequence[str] = (),
    ) -> None:
        kept = fitting(columns, rows, drop, self.width or _WIDE)
        shown = [columns[place] for place in kept]
        widths = [max(cell_len(line[place]) for line in (columns, *rows)) for place in kept]
        self._row([column.upper() for column in shown], widths, shown, right, "bold dim")
        for row in rows:
            self._row([row[place] for place in kept], widths, shown, right, "")

    def _row(
        self, cells: Sequence[str], widths: Sequence[int], columns: Sequence[str], right: Sequence[str], style: str
    ) -> None:
        padded = [
            " " * (width - cell_len(cell)) + cell if column in right else cell + " " * (width - cell_len(cell))
            for cell, width, column in zip(cells, widths, columns, strict=True)
        ]
        self.line("  ".join(padded).rstrip(), style)


def wrapped(text: str, width: int, *, first: int | None = None) -> list[str]:
    """Lines broken between words only: an id, a path or a command stays whole, however long, so that it can be copied.
    `first` is the width of the first line where it is another.
    """
    room = width if first is None else first
    if cell_len(text) <= room:
        return [text]
    lines, line = list[str](), ""
    for unit in _WHOLE.findall(text):
        if line and cell_len(line) + 1 + cell_len(unit) > room:
            lines.append(line)
            line, room = unit, width
        else:
            line = f"{line} {unit}" if line else unit
    return [*lines, line]


def in_lines(text: str, width: int, *, taken: int = 0) -> list[str]:
    """A message as lines: a command at its end has one to itself and is never broken by us, so that it can be copied.

    `taken` are the columns before the first line. What may be a command, for its options, stays on one line.
    """
    if "\n" in text or taken + cell_len(text) <= width:
        return [text]
    found = _COMMAND.search(text)
    if found is None:
        return [text] if " --" in text else _prose(text, width, taken)
    before = text[: found.start(1)].rstrip()
    return [*(_prose(before, width, taken) if before else []), found[1]]


def _prose(text: str, width: int, taken: int) -> list[str]:
    marked = "." * taken + text
    first, *rest = wrapped(marked, width - len(_INDENT)) if taken else wrapped(text, width)
    return [first.removeprefix("." * taken), *rest]


def fitting(columns: Sequence[str], rows: Sequence[Sequence[str]], drop: Sequence[str], width: int) -> list[int]:
    """The places of the columns that are shown: of those in `drop`, the first ones go until the rest fits."""
    sizes = {column: max(cell_len(line[place]) for line in (columns, *rows)) for place, column in enumerate(columns)}
    shown = list(columns)
    for column in drop:
        if sum(sizes[one] + 2 for one in shown) - 2 <= width:
            break
        shown.remove(column)
    return [place for place, column in enumerate(columns) if column in shown]
