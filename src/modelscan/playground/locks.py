"""One command at a time for a model: what is read of it stays true until the command has done its work.

Whoever is killed lets its lock go, and what it had begun is found in the row.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from modelscan.storage.locks import Lock, hold
from modelscan.storage.paths import Paths
from modelscan.system.clock import Clock

_WAIT_SECONDS = 60.0  # a backend gets 15 s to end, and its memory 30 s to come back


@contextlib.contextmanager
def commanding_model(paths: Paths, model_id: str, clock: Clock) -> Iterator[None]:
    """Raises Conflict where another command takes longer than a minute."""
    with hold(_lock_of(paths, model_id), note=f"process {os.getpid()}", timeout=_WAIT_SECONDS, clock=clock):
        yield


@contextlib.contextmanager
def commanding_if_free(paths: Paths, model_id: str) -> Iterator[bool]:
    """Whether it is ours: of a model that a command is busy with, that command takes care."""
    with Lock(_lock_of(paths, model_id)) as lock:
        yield lock.try_acquire(f"process {os.getpid()}")


def forget_lock(paths: Paths, model_id: str) -> None:
    """Of a deleted model: whoever waits for it finds it gone."""
    _lock_of(paths, model_id).unlink(missing_ok=True)


def _lock_of(paths: Paths, model_id: str) -> Path:
    return paths.locks_folder / f"playground-{model_id}.lock"
