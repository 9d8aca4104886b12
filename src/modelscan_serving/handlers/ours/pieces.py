"""Text of tokens as they come."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any


class Text:
    """The text of tokens, piece by piece: never half a character, and never what may become a stop word. Tokens of
    `hidden` are no text; without it, special ones.
    """

    def __init__(self, tokenizer: Any, stop: Sequence[str], hidden: Collection[int] | None = None) -> None:
        self._tokenizer, self._stop = tokenizer, stop
        self._hidden = hidden
        self._tokens: list[int] = []
        self._start = self._read = 0  # the tokens before `_read` are text already; decoding begins at `_start`
        self._pending = ""
        self.count = 0
        self.ended = False

    def add(self, token: int) -> str:
        """What can be said now. `ended` is True once a stop word came."""
        self.count += 1
        self._tokens.append(token)
        before, now = self._decode(self._tokens[self._start : self._read]), self._decode(self._tokens[self._start :])
        if now.endswith("\ufffd") or len(now) <= len(before):
            return ""
        self._start, self._read = self._read, len(self._tokens)
        self._pending += now[len(before) :]
        return self._safe()

    def rest(self) -> str:
        """What was held back, at the end."""
        if self.ended:
            return ""
        before, now = self._decode(self._tokens[self._start : self._read]), self._decode(self._tokens[self._start :])
        found, self._pending = self._pending + now[len(before) :], ""
        return found

    def _safe(self) -> str:
        found = [at for word in self._stop if (at := self._pending.find(word)) >= 0]
        if found:
            self.ended = True
            said, self._pending = self._pending[: min(found)], ""
            return said
        held = max((overlap(self._pending, word) for word in self._stop), default=0)
        cut = len(self._pending) - held
        said, self._pending = self._pending[:cut], self._pending[cut:]
        return said

    def _decode(self, tokens: list[int]) -> str:
        if self._hidden is None:
            return str(self._tokenizer.decode(tokens, skip_special_tokens=True))
        kept = [token for token in tokens if token not in self._hidden]
        return str(self._tokenizer.decode(kept, skip_special_tokens=False))


def overlap(text: str, word: str) -> int:
    """How many of the last characters are the beginning of a word."""
    return next((size for size in range(min(len(text), len(word) - 1), 0, -1) if text.endswith(word[:size])), 0)
