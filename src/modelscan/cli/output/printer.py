"""Text on a stream: styled with rich on a terminal, plain, whole and greppable lines in a pipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TextIO


class Printer(Protocol):
    """What views draw on."""

    @property
    def width(self) -> int | None:
        """Columns of the terminal; None where lines may be as long as they like."""
        ...

    @property
    def unicode(self) -> bool:
        """Whether more than ASCII can be written."""
        ...

    def line(self, text: str = "", style: str = "") -> None: ...

    def segments(self, parts: Sequence[tuple[str, str]]) -> None:
        """One line of texts, each in a style."""
        ...

    def labelled(self, label: str, text: str, style: str) -> None:
        """`label: text`, the label in a style."""
        ...

    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        """Names and values, aligned."""
        ...

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
        """A table; the columns named in `right` are numbers."""
        ...


def printer_for(stream: TextIO) -> Printer:
    return TerminalPrinter(stream) if stream.isatty() else PlainPrinter(stream)


def _writes_unicode(stream: TextIO) -> bool:
    return (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "") in {"utf8", "utf8sig"}


class PlainPrinter:
    """No colour, no wrapping, no box: every row is one line."""

    width: int | None = None

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.unicode: bool = _writes_unicode(stream)

    def line(self, text: str = "", style: str = "") -> None:  # noqa: ARG002  a pipe has no styles
        self._stream.write(f"{text}\n")

    def segments(self, parts: Sequence[tuple[str, str]]) -> None:
        self.line("".join(text for text, _ in parts).rstrip())

    def labelled(self, label: str, text: str, style: str) -> None:
        self.line(f"{label}: {text}", style)

    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        width = max((len(name) for name, _ in rows), default=0)
        for name, value in rows:
            self.line(f"{name:<{width}}  {value}".rstrip())

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
        lines = [[column.upper() for column in columns], *rows]
        widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
        for line in lines:
            cells = [
                cell.rjust(width) if column in right else cell.ljust(width)
                for cell, width, column in zip(line, widths, columns, strict=True)
            ]
            self.line("  ".join(cells).rstrip())


class TerminalPrinter:
    """Through rich, which honours NO_COLOR and the width of the terminal. Text is never read as markup."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console

        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        self.width: int | None = self._console.width
        self.unicode: bool = _writes_unicode(stream)

    def line(self, text: str = "", style: str = "") -> None:
        self._console.print(text, style=style or None, soft_wrap=True)

    def segments(self, parts: Sequence[tuple[str, str]]) -> None:
        from rich.text import Text

        self._console.print(Text.assemble(*parts), soft_wrap=True)

    def labelled(self, label: str, text: str, style: str) -> None:
        from rich.text import Text

        self._console.print(Text.assemble((f"{label}: ", style), text), soft_wrap=True)

    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in rows:
            table.add_row(Text(name), Text(value))
        self._console.print(table)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold dim")
        for column in columns:
            table.add_column(column.upper(), justify="right" if column in right else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        self._console.print(table)
