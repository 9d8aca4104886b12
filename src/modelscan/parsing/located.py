"""A user's own file, read so that what is wrong in it can be named by line and column (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelscan.dataclasses import dataclass

# Keys and positions that lead to a value; () is the whole document.
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Counted from 1, as editors do."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


@dataclass(frozen=True, slots=True)
class Located:
    """`places` has where each key, or item of a list, begins."""

    value: Any
    places: Mapping[Path, Position]

    def place(self, path: Path) -> Position:
        """Of a path, or of what it is in where it has none of its own."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Position(1, 1))


class Unreadable(ValueError):
    """A text that is not of its format: why, and where."""

    def __init__(self, reason: str, place: Position | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place
