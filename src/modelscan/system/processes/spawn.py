"""Starting the first process of a backend so that it cannot outlive its supervisor unasked."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess  # noqa: TID251  the supervisor is the exception: it needs the child, not only its output
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from modelscan.system.processes.cgroup import enter_cgroup

_SET_PARENT_DEATH_SIGNAL, _SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
Child = subprocess.Popen[bytes]

_libc = ctypes.CDLL(None, use_errno=True)


def become_subreaper() -> None:
    """From now on processes whose parent dies become children of this one, also those in sessions of their own."""
    _libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def spawn(argv: Sequence[str], *, env: Mapping[str, str], folder: Path, cgroup: Path | None = None) -> Child:
    """A child in a new session, asked to end when this process dies, its output in one pipe. Raises OSError.

    It is in `cgroup` before its program begins, so whatever that starts is in it too.
    Call it from the main thread while there is no other: the parent-death signal is tied to the thread that forks.
    """
    return subprocess.Popen(
        list(argv),
        env=dict(env),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        start_new_session=True,
        preexec_fn=_ending_with(os.getpid(), cgroup),  # noqa: PLW1509  no other thread lives here, see above
    )


def spawn_command(argv: Sequence[str], *, env: Mapping[str, str], folder: Path, stdout: IO[bytes]) -> Child:
    """The same for a program of which stdout goes to a file, and only stderr comes through the pipe."""
    return subprocess.Popen(
        list(argv),
        env=dict(env),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=_ending_with(os.getpid(), None),  # noqa: PLW1509  as above
    )


def _ending_with(parent: int, cgroup: Path | None) -> Callable[[], None]:
    def prepare() -> None:
        _libc.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # died before the line above
            os._exit(1)
        if cgroup is not None:
            enter_cgroup(cgroup)

    return prepare


def spawn_child(argv: Sequence[str], *, env: Mapping[str, str], folder: Path, pass_fds: Sequence[int]) -> Child:
    """A child in a new session that inherits these descriptors, its output in one pipe. Raises OSError.

    It asks by itself to end with us (`end_with_parent`): nothing of ours runs between fork and exec.
    """
    return subprocess.Popen(
        list(argv),
        env=dict(env),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        start_new_session=True,
        pass_fds=tuple(pass_fds),
    )


def end_with_parent(parent: int) -> None:
    """Get SIGTERM when the process that started this one dies; at once, when it has died already."""
    _libc.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def reap(leader: Child) -> int | None:
    """Collect every child that has ended; the leader's exit status once it is among them (negative: the signal)."""
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            ended = None
        if ended is None:
            return leader.poll()
        if ended.si_pid == leader.pid:
            leader.poll()
        else:
            os.waitpid(ended.si_pid, 0)
