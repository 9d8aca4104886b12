"""Calls of a model: each in a thread of its own, no more at once than the model allows, each with a way to end it.

A call whose client has left keeps its place until its handler returns: a class that is not thread-safe is never called
twice at once, also where it does not look at its `cancel_event`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from modelscan_serving.handlers.checking import accepted, takes
from modelscan_serving.handlers.errors import ApiError
from modelscan_serving.handlers.protocols import Cancelled

_END = object()


class CancelEvent(threading.Event):
    """Counts how often a handler looks at it: that is how far a call has come, for whoever watches from outside.

    `gone` is the same for the loop, in whose thread it is set.
    """

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0
        self.gone = asyncio.Event()

    def is_set(self) -> bool:
        self.looks += 1
        return super().is_set()

    def set(self) -> None:
        super().set()
        self.gone.set()


class Slot:
    """The calls of one model."""

    def __init__(self, handler: Any, *, limit: int | None, most_waiting: int) -> None:
        self.handler = handler
        self._free = asyncio.Semaphore(limit) if limit else None
        self._most_waiting = most_waiting
        self._calls: set[CancelEvent] = set()
        self._running: dict[CancelEvent, Callable[..., Any]] = {}
        self._done = 0

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def waiting(self) -> int:
        return len(self._calls) - len(self._running)

    @property
    def work(self) -> int:
        """Grows while calls come forward. One whose handler takes no `cancel_event` is taken to."""
        for event, function in self._running.items():
            if not takes(function, "cancel_event"):
                event.looks += 1
        return self._done + sum(event.looks for event in self._running)

    def cancel_all(self) -> None:
        for event in self._calls:
            event.set()

    async def call(self, event: CancelEvent, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """What the function returns. Raises ApiError where too many wait, Cancelled where the event was set."""
        await self._enter(event, function)
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()
        options = accepted(function, {**options, "cancel_event": event})

        def work() -> None:
            try:
                result, error = function(*arguments, **options), None
            except BaseException as failure:  # noqa: BLE001  it is raised where the call was made
                result, error = None, failure
            _tell(loop, finish, result, error)

        def finish(result: Any, error: BaseException | None) -> None:
            self._leave(event)
            if done.done():
                return
            if error is None:
                done.set_result(result)
            else:
                done.set_exception(error if _may_be_raised(error) else RuntimeError(repr(error)))

        threading.Thread(target=work, name="call", daemon=True).start()
        return await done

    async def stream(
        self, event: CancelEvent, function: Callable[..., Iterator[Any]], *arguments: Any, **options: Any
    ) -> AsyncIterator[Any]:
        """What a generator yields, as it comes. Ending the iteration early sets the event."""
        items: asyncio.Queue[tuple[Any, BaseException | None]] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def work(*arguments: Any, cancel_event: CancelEvent, **options: Any) -> None:
            options = accepted(function, {**options, "cancel_event": cancel_event})
            try:
                for item in function(*arguments, **options):
                    _tell(loop, items.put_nowait, (item, None))
                    if event.is_set():
                        raise Cancelled  # noqa: TRY301  a generator that does not look ends here
            except Exception as failure:  # noqa: BLE001  it is raised where the call was made
                _tell(loop, items.put_nowait, (_END, failure))
            else:
                _tell(loop, items.put_nowait, (_END, None))

        task = asyncio.create_task(self.call(event, work, *arguments, **options))
        try:
            while True:
                ended = asyncio.create_task(items.get())
                await asyncio.wait({ended, task}, return_when=asyncio.FIRST_COMPLETED)
                if task.done() and task.exception() is not None:
                    ended.cancel()
                    await task
                item, failure = await ended
                if failure is not None:
                    raise failure
                if item is _END:
                    return
                yield item
        finally:
            event.set()

    async def _enter(self, event: CancelEvent, function: Callable[..., Any]) -> None:
        if self._free is not None:
            if self._free.locked() and self.waiting >= self._most_waiting:
                raise ApiError("Too many requests wait for this model.", status=429, code="queue_full")
            self._calls.add(event)
            try:
                await self._acquire(self._free, event)
            except BaseException:
                self._calls.discard(event)
                raise
        self._calls.add(event)
        self._running[event] = function

    async def _acquire(self, free: asyncio.Semaphore, event: CancelEvent) -> None:
        """Raises Cancelled where the client has left first."""
        turn, gone = asyncio.create_task(free.acquire()), asyncio.create_task(event.gone.wait())
        try:
            await asyncio.wait({turn, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            left = event.gone.is_set() or not turn.done()
            if left and not turn.cancel():
                free.release()
        if left:
            raise Cancelled

    def _leave(self, event: CancelEvent) -> None:
        self._running.pop(event, None)
        self._calls.discard(event)
        self._done += event.looks + 1
        if self._free is not None:
            self._free.release()


def _may_be_raised(error: BaseException) -> bool:
    return isinstance(error, Exception) and not isinstance(error, StopIteration)


def _tell(loop: asyncio.AbstractEventLoop, function: Callable[..., Any], *arguments: Any) -> None:
    """From a thread. The loop may be gone: then nobody listens."""
    try:
        loop.call_soon_threadsafe(function, *arguments)
    except RuntimeError:
        return
