"""The same for many, several at a time, in threads for which an interruption does not wait.

A ThreadPoolExecutor joins its threads whatever happens, at the latest when the interpreter ends: after Ctrl-C a command
would stay until the last silent server is given up.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

from modelscan.system.clock import Clock, SystemClock

_POLL_SECONDS = 0.02
_LINGER_SECONDS = 1.0

T = TypeVar("T")
R = TypeVar("R")


def each(
    do: Callable[[T], R],
    items: Sequence[T],
    *,
    at_once: int,
    clock: Clock | None = None,
    stop: Callable[[], None] = lambda: None,
) -> list[R]:
    """What `do` returns for each, in their order; they are begun in it too.

    Raises what was raised first; nothing is begun any more then, or when the caller is interrupted. `stop` is called to
    tell those that have begun, which get a second to end; a thread that has not noticed by then is left to itself.
    """
    clock = clock or SystemClock()
    left = deque(enumerate(items))
    results: dict[int, R] = {}
    failures: list[BaseException] = []

    def work() -> None:
        while True:
            try:
                number, item = left.popleft()
            except IndexError:
                return
            try:
                results[number] = do(item)
            except BaseException as error:  # noqa: BLE001  the caller raises it
                failures.append(error)
                return

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(at_once, len(items)))]
    try:
        for thread in threads:
            thread.start()
        # Not `join`: a second Ctrl-C inside a lock's wait leaves it broken.
        while not failures and any(thread.is_alive() for thread in threads):
            clock.sleep(_POLL_SECONDS)
    finally:
        left.clear()
        stop()
        until = clock.monotonic() + _LINGER_SECONDS
        while any(thread.is_alive() for thread in threads) and clock.monotonic() < until:
            clock.sleep(_POLL_SECONDS)
    if failures:
        raise failures[0]
    return [results[number] for number in range(len(items))]
