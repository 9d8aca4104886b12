"""A control group (cgroup v2) of its own for the processes of one deployment, where the kernel lets us make one.

A worker may drop the environment that it inherited, take a session of its own and lose its parent: it stays in the
cgroup that it was started in, and so do its children. That cgroup is a child of the supervisor's, which takes no other
right than to write there, and leaves every limit as it is. Its name is a tag: who looks for the processes of a
deployment reads it in /proc, and need not know where it was made.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from modelscan.parsing.regex import regex

_NAMED = regex(rb"^0::.*/modelscan-([0-9a-f]{32})(?=[/ \n])", re.MULTILINE)  # the innermost, where they nest
_UNIFIED = "0::"  # the line of version 2 in /proc/PID/cgroup (cgroups(7))
_PROCESSES = "cgroup.procs"
_OWN = Path("/proc/self")
_ESCAPED = regex(r"\\([0-7]{3})")  # a space in a path of /proc/PID/mountinfo (proc(5))


def own_cgroup(proc: Path = _OWN) -> Path | None:
    """The folder of the cgroup that this process is in; None where it may make no other in it.

    That is so with version 1, in most containers, and in the session of a user who logged in over SSH, which belongs to
    root. `proc` is /proc/self.
    """
    try:
        groups = (proc / "cgroup").read_text(errors="surrogateescape").splitlines()
        mounts = (proc / "mountinfo").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    inside = next((line.removeprefix(_UNIFIED) for line in groups if line.startswith(_UNIFIED)), None)
    for mount in mounts:
        where, _, kind = mount.partition(" - ")
        if inside is None or not kind.startswith("cgroup2 "):
            continue
        root, point = (_ESCAPED.sub(lambda found: chr(int(found[1], 8)), path) for path in where.split()[3:5])
        if Path(inside).is_relative_to(root):
            folder = Path(point) / Path(inside).relative_to(root)
            if all(os.access(path, os.W_OK) for path in (folder, folder / _PROCESSES)):
                return folder
    return None


def cgroup_of(deployment: str, proc: Path = _OWN) -> Path | None:
    """The folder to be made for the cgroup of a deployment, inside our own; None where none can be made."""
    own = own_cgroup(proc)
    return None if own is None else own / f"modelscan-{deployment}"


def enter_cgroup(folder: Path) -> None:
    """Put this process into it, if it may; what this process starts will be in it too."""
    with contextlib.suppress(OSError):
        (folder / _PROCESSES).write_text("0")


def remove_cgroup(folder: Path) -> None:
    """Remove it, and those that its processes made in it. The kernel keeps one that has a process; a folder that is no
    cgroup is left alone.
    """
    if not (folder / _PROCESSES).exists():
        return
    for empty, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):
            Path(empty).rmdir()


def deployment_of_cgroup(pid: int) -> str | None:
    """The deployment whose cgroup a process is in."""
    try:
        with open(f"/proc/{pid}/cgroup", "rb", buffering=0) as file:  # noqa: PTH123  of every process, at every poll
            return deployment_named(file.readall())
    except OSError:
        return None


def deployment_named(groups: bytes) -> str | None:
    """The same, of the text of /proc/PID/cgroup."""
    found = _NAMED.search(groups)
    return found[1].decode() if found else None
