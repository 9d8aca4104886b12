"""Stop everything that one deployment started, however it behaves.

The order was found by experiment on a tree shaped like vLLM's (API server, engine core, workers): a signal to the
leader alone leaves workers that ignore it; a signal to its group misses those in a session of their own; only the
tag finds all. First the leader alone is asked, because a backend ends its own workers best; then everyone is asked;
then everyone left is killed, and the search repeats until it finds nobody twice.
"""

from __future__ import annotations

import signal
from collections.abc import Callable

from modelscan.dataclasses import dataclass
from modelscan.system.clock import Clock
from modelscan.system.processes.identity import Process, is_alive, send

_POLL_SECONDS = 0.05
_KILL_SECONDS = 10.0

Members = Callable[[], set[Process]]


@dataclass(frozen=True, slots=True)
class TreeEnd:
    """`killed` counts processes that had to be killed; `survivors` could not be (the kernel holds them)."""

    killed: int
    survivors: tuple[Process, ...]


def end_tree(members: Members, leader: Process | None, *, grace: float, linger: float, clock: Clock) -> TreeEnd:
    """End all that `members` finds, each time it is asked.

    `grace`: seconds that the leader gets to end by itself; `linger`: what the others get once it is gone.
    """
    if leader is not None and leader in members():
        send(leader, signal.SIGTERM)
        if _gone_within(members, grace, linger, clock, leader):
            return TreeEnd(0, ())
    everyone = members()
    if everyone:
        for process in everyone:
            send(process, signal.SIGTERM)
        _gone_within(members, min(linger, grace), linger, clock, None)
    return _kill(members, clock)


def _gone_within(members: Members, seconds: float, linger: float, clock: Clock, leader: Process | None) -> bool:
    deadline = clock.monotonic() + seconds
    leader_gone = False
    while members():
        if leader is not None and not leader_gone and not is_alive(leader):
            leader_gone = True
            deadline = min(deadline, clock.monotonic() + linger)
        if clock.monotonic() >= deadline:
            return False
        clock.sleep(_POLL_SECONDS)
    return True


def _kill(members: Members, clock: Clock) -> TreeEnd:
    killed: set[Process] = set()
    deadline = clock.monotonic() + _KILL_SECONDS
    empty = 0
    while empty < 2:  # noqa: PLR2004  one that was just being made may hide from a single search
        found = members()
        empty = 0 if found else empty + 1
        killed.update(process for process in found if send(process, signal.SIGKILL))
        if found and clock.monotonic() >= deadline:
            return TreeEnd(len(killed), tuple(sorted(found)))
        if found:
            clock.sleep(_POLL_SECONDS)
    return TreeEnd(len(killed), ())
