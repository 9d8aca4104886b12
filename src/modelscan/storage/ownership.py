"""The supervisor behind a held lock: it writes its identity into the lock file, which is verified before use."""

from __future__ import annotations

import json
import os
from pathlib import Path

from modelscan.storage.locks import holder, is_held
from modelscan.system.processes.identity import SUPERVISOR_TAG, Process, boot_id, environment, find


def lock_note() -> str:
    """This process's identity, for its lock."""
    me = find(os.getpid())
    return json.dumps({"pid": os.getpid(), "start_time": me.start_time if me else None, "boot_id": boot_id()})


def live_supervisor(lock: Path, supervised: str) -> Process | None:
    """The process that holds the lock; None when nobody does, or when its file names another process.

    It must be of this boot, started when the file says, and carry the supervisor's tag of what it supervises.
    """
    if not is_held(lock):
        return None
    try:
        note = json.loads(holder(lock))
        named = Process(int(note["pid"]), int(note["start_time"]))
        same_boot = note["boot_id"] == boot_id()
    except (ValueError, TypeError, KeyError):
        return None
    if not same_boot or environment(named.pid).get(SUPERVISOR_TAG) != supervised:
        return None
    return named if find(named.pid) == named else None
