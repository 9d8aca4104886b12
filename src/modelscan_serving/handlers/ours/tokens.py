"""Token by token: generating so that it can be ended at each, and making text of them as they come."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from transformers import StoppingCriteria, StoppingCriteriaList

from modelscan_serving.handlers.protocols import Cancelled


class EndsWith(StoppingCriteria):  # type: ignore[misc]
    """Raises Cancelled out of `generate` as soon as one of the events is set."""

    def __init__(self, *events: threading.Event | None) -> None:
        self._events = [event for event in events if event is not None]

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:  # noqa: ARG002  as it is called
        if any([event.is_set() for event in self._events]):  # noqa: C419  each is looked at
            raise Cancelled
        return torch.full((input_ids.shape[0],), False, device=input_ids.device, dtype=torch.bool)


def generated(model: Any, inputs: Any, options: dict[str, Any], cancel_event: threading.Event | None) -> Iterator[int]:
    """The new tokens, as they come. `generate` runs in a thread, which has ended when the iteration has.

    Raises Cancelled, and what `generate` raises.
    """
    made: queue.SimpleQueue[int | BaseException | None] = queue.SimpleQueue()
    abandoned = threading.Event()

    def work() -> None:
        try:
            with torch.inference_mode():
                model.generate(
                    **inputs,
                    **options,
                    streamer=_Streamer(made),
                    stopping_criteria=StoppingCriteriaList([EndsWith(cancel_event, abandoned)]),
                )
        except BaseException as error:  # noqa: BLE001  it is raised where the tokens are read
            made.put(error)
        else:
            made.put(None)

    thread = threading.Thread(target=work, name="generate", daemon=True)
    thread.start()
    try:
        while (item := made.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        abandoned.set()
        thread.join()


class _Streamer:
    """What `generate` calls with each token; first with the prompt."""

    def __init__(self, made: queue.SimpleQueue[Any]) -> None:
        self._made, self._prompt = made, True

    def put(self, value: Any) -> None:
        if self._prompt:
            self._prompt = False
            return
        for token in value.reshape(-1).tolist():
            self._made.put(token)

    def end(self) -> None:
        return


class Text:
    """The text of tokens, piece by piece: never half a character, and never what may become a stop word."""

    def __init__(self, tokenizer: Any, stop: Sequence[str]) -> None:
        self._tokenizer, self._stop = tokenizer, stop
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
        held = max((_overlap(self._pending, word) for word in self._stop), default=0)
        cut = len(self._pending) - held
        said, self._pending = self._pending[:cut], self._pending[cut:]
        return said

    def _decode(self, tokens: list[int]) -> str:
        return str(self._tokenizer.decode(tokens, skip_special_tokens=True))


def _overlap(text: str, word: str) -> int:
    """How many of the last characters are the beginning of a word."""
    return next((size for size in range(min(len(text), len(word) - 1), 0, -1) if text.endswith(word[:size])), 0)
