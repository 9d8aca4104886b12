"""The parsers of answers that a line of models needs: `catalogs/chat_formats.csv`, by how their names begin.

A model type does not tell them: Qwen3 and Qwen3-Coder are built alike and call tools in different formats.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping

from modelscan import dataclasses
from modelscan.catalog.naming.names import words
from modelscan.dataclasses import dataclass, field

_TOOL_CALLS = "--tool-call-parser"


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """Of one line with one backend, by the argument of the parser; `line` is how it is called for people.

    `writes` is what a chat template has where its tool calls are in the format of that parser. `refused` says by
    argument why a parser of the line is not one for these weights.
    """

    line: str
    parsers: Mapping[str, str]
    writes: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)

    def agreeing(self, template_words: Collection[str] | None) -> ChatFormat:
        """The same, without the parser of tool calls that these weights' chat template does not write for."""
        parser = self.parsers.get(_TOOL_CALLS)
        if parser is None or not self.writes or template_words is None or self.writes in template_words:
            return self
        others = {name: value for name, value in self.parsers.items() if name != _TOOL_CALLS}
        why = f"its chat template has no `{self.writes}`, which {parser} reads"
        return dataclasses.replace(self, parsers=others, refused={_TOOL_CALLS: why})


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
                    for argument, column in ((_TOOL_CALLS, "tool_call"), ("--reasoning-parser", "reasoning"))
                    if row[column]
                },
                writes=row["writes"],
            )
            for row in csv.DictReader(text.splitlines())
        }
    )
