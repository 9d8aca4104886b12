"""Break text between words while it arrives: an answer is read as it is written, and no word is cut in two."""

from __future__ import annotations

import unicodedata

_FENCE = "```"
_TAB = 8


class WordWrap:
    """`feed` returns what to write for the next piece of text.

    A word shows as its letters come; where it turns out too long for the line, it is taken back and written on the
    next one. Code between fences is left to the terminal, so that it can be copied, and so is a word longer than that.
    """

    def __init__(self, width: int) -> None:
        self._most = max(width - 1, 1)  # in the last column terminals differ in where the cursor is
        self._column = 0
        self._word = ""
        self._line = ""
        self._in_code = False

    def feed(self, text: str) -> str:
        return "".join(self._next(character) for character in text)

    def _next(self, character: str) -> str:
        if character == "\n":
            if self._line.strip().startswith(_FENCE):
                self._in_code = not self._in_code
            self._column, self._word, self._line = 0, "", ""
            return character
        self._line += character
        if self._in_code or self._line.strip().startswith(_FENCE):
            return character
        return self._space(character) if character.isspace() else self._letter(character)

    def _space(self, character: str) -> str:
        width = _TAB - self._column % _TAB if character == "\t" else 1
        self._word = ""
        if self._column + width > self._most:
            self._column = 0
            return "\n"
        self._column += width
        return character

    def _letter(self, character: str) -> str:
        width = _cells(character)
        if width > 1:  # scripts without spaces, and pictures, break anywhere
            self._word = ""
        if self._column + width <= self._most:
            self._column += width
            self._word += character
            return character
        taken = sum(map(_cells, self._word))
        self._word += character
        if taken + width > self._most:
            self._column = (self._column + width - 1) % (self._most + 1) + 1
            return character
        back = f"\x1b[{taken}D\x1b[K" if taken else ""
        self._column = taken + width
        return f"{back}\n{self._word}"


def _cells(character: str) -> int:
    """The columns that it takes on a terminal."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
