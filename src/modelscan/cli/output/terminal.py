"""Output on a terminal, with rich: a module of its own, because a pipe does not need it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from modelscan.cli.output.encoding import writes_unicode


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
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in rows:
            table.add_row(Text(name), Text(value))
        self._console.print(table)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold dim")
        for column in columns:
            table.add_column(column.upper(), justify="right" if column in right else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        self._console.print(table)
