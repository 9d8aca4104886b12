"""Text on a stream: styled with rich on a terminal, plain, whole and greppable lines in a pipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TextIO

from modelscan.cli.output.encoding import writes_unicode


class Printer(Protocol):
    """What views draw on."""

    @property
    def width(self) -> int | None:
        """Columns of the terminal; None where lines may have any length."""
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
        """`label: text`, the label in a style; on a terminal broken between words, commands and ids kept whole."""
        ...

    def item(self, text: str, style: str = "", *, depth: int = 1) -> None:
        """An indented line, broken as `labelled` is."""
        ...

    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        """Names and values, aligned."""
        ...

    def table(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        right: Sequence[str] = (),
        drop: Sequence[str] = (),
    ) -> None:
        """A table; the columns named in `right` are numbers. On a terminal that is too narrow those in `drop` are left
        out, the first one first; a cell is never broken.
        """
        ...


def printer_for(stream: TextIO) -> Printer:
    if not stream.isatty():
        return PlainPrinter(stream)
    from modelscan.cli.output.terminal import TerminalPrinter  # a pipe needs no rich

    return TerminalPrinter(stream)


class PlainPrinter:
    """No colour, no wrapping, no box: every row is one line."""

    width: int | None = None

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.unicode: bool = writes_unicode(stream)

    def line(self, text: str = "", style: str = "") -> None:  # noqa: ARG002  a pipe has no styles
        self._stream.write(f"{text}\n")

    def segments(self, parts: Sequence[tuple[str, str]]) -> None:
        self.line("".join(text for text, _ in parts).rstrip())

    def labelled(self, label: str, text: str, style: str) -> None:
        self.line(f"{label}: {text}", style)

    def item(self, text: str, style: str = "", *, depth: int = 1) -> None:
        self.line(f"{'  ' * depth}{text}", style)

    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        width = max((len(name) for name, _ in rows), default=0)
        for name, value in rows:
            self.line(f"{name:<{width}}  {value}".rstrip())

    def table(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        right: Sequence[str] = (),
        drop: Sequence[str] = (),  # noqa: ARG002  a pipe has room
    ) -> None:
        lines = [[column.upper() for column in columns], *rows]
        widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
        for line in lines:
            cells = [
                cell.rjust(width) if column in right else cell.ljust(width)
                for cell, width, column in zip(line, widths, columns, strict=True)
            ]
            self.line("  ".join(cells).rstrip())
