"""Edits of a text, and taking them back."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from modelscan.dataclasses import dataclass

_MOST_COMPARED = 20_000  # characters; a comparison by character takes the square of it


class EditRefused(ValueError):
    """The text is written so that it cannot be edited safely; the message says how."""


@dataclass(frozen=True, slots=True)
class Edit:
    """`new` in place of what stands from `start` to before `end`."""

    start: int
    end: int
    new: str


def applied(text: str, edits: Sequence[Edit]) -> str:
    """The text after edits that do not overlap."""
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.new + text[edit.end :]
    return text


def reverted(before: str, edits: Sequence[Edit], now: str) -> str:
    """`now` without the edits that were once made of `before`: what was changed elsewhere since then stays.

    Raises EditRefused where what was written then has been changed.
    """
    after = applied(before, edits)
    if now in {before, after}:
        return before
    blocks = list(_same(after, now))
    back, shift = [], 0
    for edit in sorted(edits, key=lambda edit: edit.start):
        start = edit.start + shift
        end = start + len(edit.new)
        shift += len(edit.new) - (edit.end - edit.start)
        at = next((b - a for a, b, size in blocks if a <= start and end <= a + size), None)
        if at is None:
            begin = edit.new.strip(" ,\r\n").partition("\n")[0]
            raise EditRefused(f"what begins with `{begin}` was changed")
        back.append(Edit(start + at, end + at, before[edit.start : edit.end]))
    return applied(now, back)


def _same(old: str, new: str) -> Iterator[tuple[int, int, int]]:
    """Stretches that both have: where each begins in either, and its length. By line, then within changed lines."""
    joined: tuple[int, int, int] | None = None
    for a, b, size in _pieces(old, new):
        if joined is not None and (joined[0] + joined[2], joined[1] + joined[2]) == (a, b):
            joined = (joined[0], joined[1], joined[2] + size)
            continue
        if joined is not None:
            yield joined
        joined = (a, b, size)
    if joined is not None:
        yield joined


def _pieces(old: str, new: str) -> Iterator[tuple[int, int, int]]:
    lines, others = old.splitlines(keepends=True), new.splitlines(keepends=True)
    starts, places = _starts(lines), _starts(others)
    for kind, i, j, k, m in difflib.SequenceMatcher(None, lines, others, autojunk=False).get_opcodes():
        a, b = starts[i], places[k]
        left, right = old[a : starts[j]], new[b : places[m]]
        if kind == "equal":
            yield a, b, len(left)
        elif kind == "replace" and len(left) + len(right) <= _MOST_COMPARED:
            matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
            yield from ((a + block.a, b + block.b, block.size) for block in matcher.get_matching_blocks() if block.size)


def _starts(lines: Sequence[str]) -> list[int]:
    found = [0]
    for line in lines:
        found.append(found[-1] + len(line))
    return found
