"""Why a document, or one entry of it, is rejected."""

from __future__ import annotations

from typing import NamedTuple

from modelscan.parsing.text import clean_line

_LONGEST = 200


class NotThisFormat(ValueError):
    """A payload is not what its source writes; the message says what was found instead."""


class Skipped(NamedTuple):
    """An entry that could not be used: which, and why."""

    key: str
    reason: str


def yaml_problem(error: Exception) -> str:
    """What PyYAML found wrong, and where, without its words for what it reads from."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    where = f", in line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
    return clean_line(" ".join(f"{problem or error}{where}".split()) or "it is nested too deep", _LONGEST)
