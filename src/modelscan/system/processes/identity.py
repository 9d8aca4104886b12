"""The identity of a process, read from /proc, and signals that reach only the intended one.

A pid alone names nobody: it is given away again. A process is its pid with its start time (field 22 of
/proc/PID/stat, in clock ticks), within one boot. Ours carry a tag in their environment, which every worker of a
backend inherits, whatever session or parent it moves to; that works also when the first process is long gone. Where a
deployment has a cgroup, the name of that is the tag of those that dropped their environment (`cgroup`).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

from modelscan.dataclasses import dataclass
from modelscan.system.processes.cgroup import deployment_of_cgroup

TAG = "MODELSCAN_DEPLOYMENT"
STATE_TAG = "MODELSCAN_STATE"
SUPERVISOR_TAG = "MODELSCAN_SUPERVISOR"

# Programs that show a title (vLLM, SGLang: the package `setproctitle`) write it over their environment, and the tag
# with it, unless this is set: setproctitle 1.3.8, README, "SPT_NOENV"; tried here with 1.3.8.
KEEPS_TAG = {"SPT_NOENV": "1"}

_TAG_BYTES = f"{TAG}=".encode()
_PROC = Path("/proc")
_STATE, _PPID, _PGRP, _START_TIME = 0, 1, 2, 19  # places after the name in /proc/PID/stat (proc(5))
_GONE = frozenset({"Z", "X", "x"})


@dataclass(frozen=True, slots=True, order=True)
class Process:
    """One process of this boot."""

    pid: int
    start_time: int


@dataclass(frozen=True, slots=True)
class Stat:
    state: str
    parent: int
    group: int
    start_time: int


@dataclass(frozen=True, slots=True)
class Tagged:
    """A living process that a deployment started; `state` is the folder of the state that the deployment is in, None
    where the process is known by its cgroup only.
    """

    process: Process
    deployment: str
    state: str | None


def boot_id() -> str:
    """The kernel's name for this boot; the same in every container of the machine."""
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()


def read_stat(pid: int) -> Stat | None:
    """None for one that is not there."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:  # noqa: PTH123  of every process, at every poll
            text = file.readall().decode("utf-8", "replace")
    except OSError:
        return None
    fields = text[text.rfind(")") + 2 :].split()  # the name may hold spaces and brackets
    return Stat(fields[_STATE], int(fields[_PPID]), int(fields[_PGRP]), int(fields[_START_TIME]))


def find(pid: int) -> Process | None:
    """The living process of a pid; a zombie does not live."""
    stat = read_stat(pid)
    return None if stat is None or stat.state in _GONE else Process(pid, stat.start_time)


def is_alive(process: Process) -> bool:
    return find(process.pid) == process


def program_name(pid: int) -> str | None:
    """What the process calls itself, for messages only."""
    try:
        return (_PROC / str(pid) / "comm").read_text(errors="replace").strip() or None
    except OSError:
        return None


def environment(pid: int) -> dict[str, str]:
    """The environment a process was started with; empty where it may not be read."""
    pairs = (item.partition(b"=") for item in _environ(pid).split(b"\0") if item)
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}


def _environ(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/environ", "rb", buffering=0) as file:  # noqa: PTH123  of every process, at every poll
            return file.readall()
    except OSError:
        return b""


def own_pids() -> Iterator[int]:
    """Pids of processes of this user."""
    return (pid for pid in _pids() if _is_own(pid))


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208  as above


def _is_own(pid: int) -> bool:
    try:
        return os.stat(f"/proc/{pid}").st_uid == os.geteuid()  # noqa: PTH116  as above
    except OSError:
        return False


def tagged() -> list[Tagged]:
    """Every living process of this user that carries our tag, in its environment or in the name of its cgroup; twice
    where the two differ.

    Asked at every poll while something ends, of a machine that may run thousands: of those without the tag only
    cgroup and environment are read, once.
    """
    found = []
    for pid in _pids():
        if not _tags(pid):
            continue
        before = find(pid)
        tags = _tags(pid)  # those of `before`, if that is still alive afterwards
        if before is not None and is_alive(before):
            found += [Tagged(before, deployment, state) for deployment, state in tags.items()]
    return found


def _tags(pid: int) -> dict[str, str | None]:
    """The deployments that a process belongs to, with the folder of their state."""
    tags: dict[str, str | None] = {}
    named = deployment_of_cgroup(pid)
    if named is not None and _may_signal(pid):
        tags[named] = None
    if _TAG_BYTES in _environ(pid) and _is_own(pid):
        values = environment(pid)
        if TAG in values:
            tags[values[TAG]] = values.get(STATE_TAG)
    return tags


def _may_signal(pid: int) -> bool:
    """Whether it can be ended: in a cgroup of ours that counts, whoever the process has become."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def tagged_as(deployment: str) -> set[Process]:
    """Living processes of one deployment."""
    return {item.process for item in tagged() if item.deployment == deployment}


def descendants(root: int) -> set[Process]:
    """Living children of `root`, and theirs."""
    children: dict[int, list[Process]] = {}
    for pid in own_pids():
        stat = read_stat(pid)
        if stat is not None:
            children.setdefault(stat.parent, []).append(Process(pid, stat.start_time))
    found: set[Process] = set()
    waiting = [root]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child.pid)
    return {process for process in found if is_alive(process)}


def send(process: Process, number: signal.Signals) -> bool:
    """Signal exactly this process; False when it is gone, also when another has its pid by now, or not ours to signal.

    The descriptor pins the process before it is compared, so nothing can take the pid in between.
    """
    try:
        descriptor = os.pidfd_open(process.pid)
    except OSError:
        return False
    try:
        if not is_alive(process):
            return False
        signal.pidfd_send_signal(descriptor, number)
    except (ProcessLookupError, PermissionError):  # gone, or another user's by now
        return False
    finally:
        os.close(descriptor)
    return True
