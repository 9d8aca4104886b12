"""Generating token by token, so that it can be ended at each."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
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
