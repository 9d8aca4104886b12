"""What happens, for everybody who listens: the state database is asked twice a second for all of them together.

A source counts its events, so that where a listener is needs no more than a number of each: `12.7` is after the
twelfth event of the first source and the seventh of the second one.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol

from modelscan.errors import ModelscanError
from modelscan.parsing.regex import regex
from modelscan.storage.documents import to_document

_POLL_SECONDS = 0.5
_PING_SECONDS = 15.0
_TURN_SECONDS = 1.0  # at most, until a listener that left is noticed
_REMEMBERED = 1_000
POSITION = r"^[0-9]{1,15}(\.[0-9]{1,15}){0,9}$"
_POSITION = regex(POSITION, re.ASCII)

Position = tuple[int, ...]


class Numbered(NamedTuple):
    number: int
    document: object


class FeedSource(Protocol):
    """`kind` is the name of its events. Both are asked on a thread."""

    kind: str

    def last(self) -> int: ...
    def after(self, number: int) -> Sequence[Numbered]: ...


class _Item(NamedTuple):
    """`turn` counts all that was told since the feed began."""

    turn: int
    text: str


class Feed:
    """Of one application; it asks only while somebody listens."""

    def __init__(self, sources: Sequence[FeedSource]) -> None:
        self._sources = tuple(sources)
        self._position: Position = ()
        self._turn = 0
        self._told: deque[_Item] = deque(maxlen=_REMEMBERED)
        self._listeners = 0
        self._polling: asyncio.Task[None] | None = None
        self._beginning = asyncio.Lock()
        self._changed = asyncio.Event()

    async def listen(self, since: str | None, is_gone: Callable[[], Awaitable[bool]]) -> AsyncIterator[str]:
        """Server-sent events, from `since` on, else from now on; ends when the listener is gone, or far too slow."""
        self._listeners += 1
        try:
            await self._begin()
            turn, position = self._turn, self._position
            missed, begun = await asyncio.to_thread(self._missed, since, position)
            yield f"id: {_written(begun)}\n\n"
            for text in missed:
                yield text
            quiet = 0.0
            while not await is_gone():
                new = [item for item in self._told if item.turn > turn]
                if new and new[0].turn > turn + 1:
                    return  # it reads more slowly than things happen, and comes back with its last id
                for item in new:
                    turn = item.turn
                    yield item.text
                if not new and not await self._wait():
                    quiet += _TURN_SECONDS
                if new or quiet >= _PING_SECONDS:
                    quiet = 0.0
                    if not new:
                        yield ": ping\n\n"
        finally:
            self._listeners -= 1

    async def _begin(self) -> None:
        async with self._beginning:
            if self._polling is None or self._polling.done():
                self._position = await asyncio.to_thread(lambda: tuple(source.last() for source in self._sources))
                self._polling = asyncio.create_task(self._poll())

    async def _poll(self) -> None:
        while self._listeners:
            await asyncio.sleep(_POLL_SECONDS)
            try:
                found = await asyncio.to_thread(self._news, self._position)
            except ModelscanError:  # somebody keeps the database; at the next turn
                continue
            for text, position in found:
                self._turn += 1
                self._position = position
                self._told.append(_Item(self._turn, text))
            if found:
                self._changed.set()
                self._changed = asyncio.Event()

    async def _wait(self) -> bool:
        """Whether something happened within a turn."""
        try:
            await asyncio.wait_for(self._changed.wait(), _TURN_SECONDS)
        except TimeoutError:
            return False
        return True

    def _news(self, position: Position) -> list[tuple[str, Position]]:
        found = []
        for place, source in enumerate(self._sources):
            for number, document in source.after(position[place]):
                position = (*position[:place], number, *position[place + 1 :])
                found.append((_event(source.kind, document, position), position))
        return found

    def _missed(self, since: str | None, now: Position) -> tuple[list[str], Position]:
        """What happened between `since` and now, and where that begins."""
        known = [int(part) for part in since.split(".")] if since and _POSITION.fullmatch(since) else []
        begun = tuple(min(number, last) for number, last in zip([*known, *now[len(known) :]], now, strict=False))
        found: list[str] = []
        position = begun
        for place, source in enumerate(self._sources):
            for number, document in source.after(begun[place]):
                if number <= now[place]:
                    position = (*position[:place], number, *position[place + 1 :])
                    found.append(_event(source.kind, document, position))
        return found, begun


def _written(position: Position) -> str:
    return ".".join(map(str, position))


def _event(kind: str, document: object, position: Position) -> str:
    data = json.dumps(to_document(document), ensure_ascii=False)
    return f"id: {_written(position)}\nevent: {kind}\ndata: {data}\n\n"
