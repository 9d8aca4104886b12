"""Output on a terminal, with rich: a module of its own, because a pipe does not need it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from modelscan.cli.output.encoding import writes_unicode

_WIDE = 80  # of a terminal that does not say


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
        self._console.print(Text.assemble((f"{label}: ", style), text), soft_wrap=True)

    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        indent = max((len(name) for name, _ in rows), default=0) + 2
        for name, value in rows:
            first, *rest = wrapped(value, (self.width or _WIDE) - indent)
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


def wrapped(text: str, width: int) -> list[str]:
    """Lines broken between words only: an id or a path stays whole, however long, so that it can be copied."""
    return textwrap.wrap(text, max(width, 1), break_long_words=False, break_on_hyphens=False) or [""]


def fitting(columns: Sequence[str], rows: Sequence[Sequence[str]], drop: Sequence[str], width: int) -> list[int]:
    """The places of the columns that are shown: of those in `drop`, the first ones go until the rest fits."""
    sizes = {column: max(cell_len(line[place]) for line in (columns, *rows)) for place, column in enumerate(columns)}
    shown = list(columns)
    for column in drop:
        if sum(sizes[one] + 2 for one in shown) - 2 <= width:
            break
        shown.remove(column)
    return [place for place, column in enumerate(columns) if column in shown]
