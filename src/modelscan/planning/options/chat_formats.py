"""The parsers of answers that a line of models needs: `catalogs/chat_formats.csv`, by how their names begin.

A model type does not tell them: Qwen3 and Qwen3-Coder are built alike and call tools in different formats.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping

from modelscan.catalog.naming.names import words
from modelscan.dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """Of one line with one backend, by the argument of the parser; `line` is how it is called for people."""

    line: str
    parsers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ChatFormats:
    """By backend and the words of a line."""

    lines: Mapping[tuple[str, tuple[str, ...]], ChatFormat]

    def of(self, model: str, backend: str) -> ChatFormat | None:
        """That of the longest line that a model's name begins with."""
        parts = words(model.rpartition("/")[2])
        for length in range(len(parts), 0, -1):
            found = self.lines.get((backend, parts[:length]))
            if found is not None:
                return found
        return None


def parse_chat_formats(text: str) -> ChatFormats:
    """Raises KeyError for a text that is not that table."""
    return ChatFormats(
        {
            (row["backend"], tuple(row["line"].split())): ChatFormat(
                line=row["line"],
                parsers={
                    argument: row[column]
                    for argument, column in (("--tool-call-parser", "tool_call"), ("--reasoning-parser", "reasoning"))
                    if row[column]
                },
            )
            for row in csv.DictReader(text.splitlines())
        }
    )
