"""The door to other programs. Arguments are always a list; there is no shell.

Children get exactly the environment they are handed, never ours by accident.
"""

from __future__ import annotations

import os
import subprocess  # noqa: TID251  this is the door
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn, Protocol

from modelscan.dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Completed:
    """`returncode` is None when the program was missing, could not be started, or ran out of time; `problem`
    then says which, in words.
    """

    returncode: int | None
    stdout: str = ""
    stderr: str = ""
    problem: str | None = None

    @property
    def ok(self) -> bool:
        return self.returncode == 0


class Runner(Protocol):
    """How probes ask other programs; tests answer from recorded output."""

    def __call__(self, argv: Sequence[str], *, env: Mapping[str, str], timeout: float) -> Completed: ...


def run(argv: Sequence[str], *, env: Mapping[str, str], timeout: float) -> Completed:
    """Run to the end and capture; never raises for what the program does, ends it after `timeout` seconds."""
    try:
        done = subprocess.run(
            list(argv),
            env=dict(env),
            timeout=timeout,
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return Completed(None, problem=f"`{argv[0]}` did not respond within {timeout:g} s")
    except OSError as error:
        return Completed(None, problem=f"`{argv[0]}` could not be started: {error.strerror}")
    return Completed(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


def run_on_terminal(argv: Sequence[str], *, env: Mapping[str, str]) -> Completed:
    """Run to the end on our own stdin, stdout and stderr, as an editor needs it."""
    try:
        return Completed(subprocess.run(list(argv), env=dict(env), check=False).returncode)
    except OSError as error:
        return Completed(None, problem=f"`{argv[0]}` could not be started: {error.strerror}")


def run_streaming(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    on_line: Callable[[str], None],
    cwd: Path | None = None,
) -> Completed:
    """Run to the end, handing over each line of output (stdout and stderr together) as it comes.

    The output is also returned whole in `stdout`. An exception in the caller (Ctrl-C too) ends the program first.
    """
    try:
        process = subprocess.Popen(
            list(argv),
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as error:
        return Completed(None, problem=f"`{argv[0]}` could not be started: {error.strerror}")
    lines: list[str] = []
    try:
        assert process.stdout is not None  # noqa: S101  asked for above
        for line in process.stdout:
            lines.append(line)
            on_line(line.rstrip("\n"))
        process.wait()
    except BaseException:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise
    finally:
        if process.stdout is not None:
            process.stdout.close()
    return Completed(process.returncode, "".join(lines))


def become(argv: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> NoReturn:
    """Make this process that program. Raises OSError."""
    os.chdir(cwd)
    os.execve(argv[0], list(argv), dict(env))  # noqa: S606  that is the point: no shell


def spawn_detached(
    argv: Sequence[str], *, env: Mapping[str, str], output: Path, cwd: Path, pass_fds: Sequence[int] = ()
) -> int:
    """Start a program that outlives us, in a session of its own, its output appended to a file of mode 0600. Returns
    its pid; `has_ended` collects it.

    It is not our child for long: whoever needs to know whether it lives asks for its lock, not for its pid.
    """
    descriptor = os.open(output, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        process = subprocess.Popen(
            list(argv),
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            close_fds=True,
            pass_fds=tuple(pass_fds),
        )
    finally:
        os.close(descriptor)
    # We never wait for it: without this, Python warns at exit that the child is still running, which is the point.
    process.returncode = 0
    return process.pid


def has_ended(pid: int) -> bool:
    """Whether a program that was started here has ended; nothing of it is left in the table of processes then."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:  # collected already
        return True
