"""The runner of one job: `python -m modelscan.jobs.run STATE ID LOCK [OPTION]…`, as `start` calls it.

LOCK is the descriptor of the job's lock, which it inherits and holds until it ends; the options go before the command's
own words. It never runs anything but modelscan.
"""

from __future__ import annotations

import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import IO, Any

from modelscan import dataclasses
from modelscan.deployments.files import paths_of_state
from modelscan.jobs.files import job_files
from modelscan.jobs.heard import Hearing
from modelscan.jobs.job import Job
from modelscan.jobs.store import JobStore
from modelscan.settings.environment import process_environment
from modelscan.storage.locks import Lock
from modelscan.storage.ownership import lock_note
from modelscan.system.clock import Clock, SystemClock
from modelscan.system.processes.identity import SUPERVISOR_TAG
from modelscan.system.processes.spawn import Child, spawn_command

_COMMAND = (sys.executable, "-m", "modelscan")
_TOLD = ("--json", "--progress", "jsonl")
_CANCEL_SECONDS = 300  # a command that was asked to end undoes what is half-made; the longest stop takes about that
_LARGEST_RESULT = 10_000_000
_LONGEST_LINE = 1_000_000


def main(arguments: Sequence[str]) -> int:
    """Run the command of a job, and write what it tells and how it ended."""
    state, job_id, descriptor, *options = arguments
    paths = paths_of_state(Path(state))
    files = job_files(paths, job_id)
    clock = SystemClock()
    runner = _Runner(clock)
    signal.signal(signal.SIGTERM, runner.cancel)
    signal.signal(signal.SIGALRM, runner.kill)
    with Lock.handed_over(files.lock, int(descriptor), lock_note()), JobStore(paths, clock) as store:
        job = store.get(job_id)
        runner.run(store, job, [*_COMMAND, *options, *_telling(job.argv)], files.folder)
    return 0


def _telling(argv: Sequence[str]) -> list[str]:
    """The command's words with our options, which stand before a bare `--`."""
    end = list(argv).index("--") if "--" in argv else len(argv)
    return [*argv[:end], *_TOLD, *argv[end:]]


class _Runner:
    """`cancel` and `kill` are handlers of signals."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._cancelled = self._asked = False
        self._command: Child | None = None

    def cancel(self, _number: int, _frame: FrameType | None) -> None:
        self._cancelled = True
        self._ask_to_end()

    def kill(self, _number: int, _frame: FrameType | None) -> None:
        if self._command is not None:
            self._command.kill()

    def _ask_to_end(self) -> None:
        """Once: a second time would break off what the first made it undo."""
        if self._command is not None and not self._asked:
            self._asked = True
            self._command.terminate()
            signal.alarm(_CANCEL_SECONDS)

    def run(self, store: JobStore, job: Job, argv: Sequence[str], folder: Path) -> None:
        environ = {name: value for name, value in process_environment().items() if name != SUPERVISOR_TAG}
        hearing = Hearing()
        with tempfile.TemporaryFile() as printed:
            self._command = spawn_command(argv, env=environ, folder=folder, stdout=printed)
            if self._cancelled:  # in between
                self._ask_to_end()
            self._hear(self._command, store, job, hearing)
            status = self._command.wait()
            signal.alarm(0)
            result = _result(printed)
        store.end(job.id, lambda now: self._ended(now, status, result, hearing))

    def _hear(self, command: Child, store: JobStore, job: Job, hearing: Hearing) -> None:
        assert command.stderr is not None  # noqa: S101  asked for
        while line := command.stderr.readline(_LONGEST_LINE):
            text = line.decode("utf-8", "replace")
            heard = hearing.line(text, self._clock.monotonic())
            if heard is None:
                sys.stderr.write(text)
                sys.stderr.flush()
            for one in heard or ():
                store.hear(job.id, one)
        for one in hearing.rest():
            store.hear(job.id, one)

    def _ended(self, job: Job, status: int, result: Any, hearing: Hearing) -> Job:
        if status == 0:
            return dataclasses.replace(job, status="done", exit_status=0, result=result)
        return dataclasses.replace(
            job,
            status="cancelled" if self._cancelled else "failed",
            exit_status=status if status > 0 else 128 - status,
            result=result,
            error=hearing.error or _unexplained(status),
        )


def _result(printed: IO[bytes]) -> Any:
    """The JSON that the command printed; None where it printed none."""
    printed.seek(0)
    try:
        return json.loads(printed.read(_LARGEST_RESULT))
    except ValueError:
        return None


def _unexplained(status: int) -> dict[str, Any]:
    how = f"with status {status}" if status > 0 else f"by signal {-status}"
    return {"code": "error", "message": f"the command ended {how}", "hints": [], "details": {}}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
