"""A log as it grows, for one who listens, until its deployment is over or they are gone; each line has its place."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from modelscan.api.leaving import LeavingClock
from modelscan.dataclasses import dataclass, replace
from modelscan.selecting.context import Context
from modelscan.storage.documents import to_document
from modelscan.storage.logs.reading import LogLine
from modelscan.verbs.manage.logs import log_lines

_TURN_SECONDS = 1.0  # at most, until a listener that left is noticed
_PING_SECONDS = 15.0
_MOST_MISSED = 10_000


@dataclass(frozen=True, slots=True)
class LogPlace:
    """After `seen` lines of the time `at`; `2026-11-21T03:52:01.218Z/2` in words."""

    at: str = ""
    seen: int = 0

    @classmethod
    def read(cls, text: str) -> LogPlace:
        at, _, seen = text.partition("/")
        return cls(at, int(seen))

    def __str__(self) -> str:
        return f"{self.at}/{self.seen}"

    def and_then(self, line: LogLine) -> LogPlace:
        """A torn line has no time, and no place of its own."""
        return self if not line.at else LogPlace(line.at, self.seen + 1 if line.at == self.at else 1)


@dataclass(frozen=True, slots=True)
class Followed:
    """Lines that are waited for, which ends when `clock` is left; `place` is where they begin."""

    lines: Iterator[LogLine]
    clock: LeavingClock
    place: LogPlace


def followed(context: Context, name: str, *, place: LogPlace, tail: int) -> Followed:
    """From the last `tail` lines on, or from a place. Raises DeploymentNotFound."""
    clock = LeavingClock(context.clock)
    waiting = replace(context, clock=clock)
    if not place.at:
        return Followed(log_lines(waiting, name, follow=True, tail=tail), clock, place)
    lines = log_lines(waiting, name, follow=True, tail=_MOST_MISSED, since=place.at)
    return Followed(_beyond(lines, place), clock, place)


def _beyond(lines: Iterator[LogLine], place: LogPlace) -> Iterator[LogLine]:
    told = 0
    for line in lines:
        if line.at == place.at and told < place.seen:
            told += 1
        else:
            yield line


class Followers:
    """Those of one application: each keeps a thread, none of those that answer requests."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.count = 0
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="logs")

    async def told(self, log: Followed, is_gone: Callable[[], Awaitable[bool]]) -> AsyncIterator[str]:
        """Server-sent events: `line` for each with its place as id, and `end` when everything is told."""
        place, quiet = log.place, 0.0
        self.count += 1
        coming = self._next(log)
        try:
            while not await is_gone():
                done, _ = await asyncio.wait({coming}, timeout=_TURN_SECONDS)
                if not done:
                    quiet += _TURN_SECONDS
                    if quiet >= _PING_SECONDS:
                        quiet = 0.0
                        yield ": ping\n\n"
                    continue
                line, quiet = coming.result(), 0.0
                if line is None:
                    yield "event: end\ndata: {}\n\n"
                    return
                place = place.and_then(line)
                known = f"id: {place}\n" if place.at else ""
                yield f"{known}event: line\ndata: {json.dumps(to_document(line), ensure_ascii=False)}\n\n"
                coming = self._next(log)
        finally:
            self.count -= 1
            log.clock.leave()
            coming.cancel()

    def _next(self, log: Followed) -> asyncio.Future[LogLine | None]:
        return asyncio.get_running_loop().run_in_executor(self._threads, next, log.lines, None)
