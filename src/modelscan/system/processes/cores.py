"""Processors of this machine for what is started."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def on_cores(count: int | None, *, spread: str) -> Iterator[None]:
    """What this thread starts inside keeps to `count` processors of those that we may use, and so does all that it
    starts; None, and more than there are, is no bound. `spread` is any text: others get other ones.

    Only the thread that is inside is moved (sched_setaffinity(2): a thread's id of 0), for as long as that takes.
    """
    if count is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    usable = sorted(before)
    first = int.from_bytes(hashlib.sha256(spread.encode()).digest()[:4]) % len(usable)
    os.sched_setaffinity(0, {usable[(first + place) % len(usable)] for place in range(min(count, len(usable)))})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
