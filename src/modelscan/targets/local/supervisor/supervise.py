"""A deployment inside its supervisor: lives of its backend, one after the other, until it is stopped or given up.

The supervisor holds the deployment's lock for as long as it lives: others take the lock, not a pid, as proof that it
lives. While it holds the lock it is the only writer of the record.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue

from modelscan import dataclasses
from modelscan.backends.registry import BACKENDS
from modelscan.deployments.files import files_of, paths_of_state
from modelscan.deployments.record import LastError
from modelscan.deployments.store import Store
from modelscan.deployments.transitions.ending import failed, stopped
from modelscan.deployments.transitions.replanning import adjusted, retried
from modelscan.deployments.transitions.restarting import after_exit, relaunching, restarting
from modelscan.deployments.transitions.starting import supervised
from modelscan.errors import Conflict, StorageFailed
from modelscan.storage.locks import hold
from modelscan.storage.ownership import lock_note
from modelscan.system.clock import SystemClock, rfc3339
from modelscan.system.processes.identity import boot_id, find
from modelscan.system.processes.spawn import become_subreaper
from modelscan.targets.local.environment import own_environment
from modelscan.targets.local.supervisor.admission import asked_to_stop, wait_for_gpus
from modelscan.targets.local.supervisor.jobs import RouteKeeper
from modelscan.targets.local.supervisor.lease import GpuLease
from modelscan.targets.local.supervisor.life import Life
from modelscan.targets.local.supervisor.supervision import SLEEP, WAKE, Call, Ended, Event, Supervision
from modelscan.targets.local.supervisor.writer import RecordWriter
from modelscan.targets.pace import Pace
from modelscan.targets.published import PublishedFiles, from_options

_LOCK_SECONDS = 20.0
_MOST_MOVES = 5  # to other ports, within one start


def main(arguments: Sequence[str], *, pace: Pace | None = None) -> int:
    """Supervise until the deployment is over. The exit status is only for the log."""
    options = _arguments(arguments)
    environ = own_environment()
    clock = SystemClock()
    events = _listen()
    paths = paths_of_state(options.state)
    files = files_of(paths, options.deployment)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(hold(files.lock, note=lock_note(), timeout=_LOCK_SECONDS, clock=clock))
        except Conflict:
            return 0  # another supervisor was first
        store = stack.enter_context(Store(paths, clock))
        record = store.by_id(options.deployment)
        if record.status.current != "starting":
            return 0  # stopped again before this process started
        become_subreaper()
        me = find(os.getpid())
        writer = RecordWriter(store, record, clock)
        start_time = me.start_time if me else None
        writer.become(supervised(record, boot_id=boot_id(), pid=os.getpid(), start_time=start_time))
        supervision = Supervision(
            writer=writer,
            backend=BACKENDS[record.pinned.backend].loaded(),
            files=files,
            state=options.state,
            environ=environ,
            clock=clock,
            events=events,
            pace=pace or options.pace,
            routes=RouteKeeper(
                options.published,
                record.name,
                state=options.state,
                environ=environ,
                output=files.supervisor_log,
                clock=clock,
            ),
            lease=GpuLease(paths, record.pinned.gpu_indices),
        )
        try:
            _supervise(supervision)
        except Exception as error:
            cause = f"a bug in modelscan: {type(error).__name__}: {error}"
            why = LastError(cause=cause, hints=(f"see `{files.supervisor_log}`",))
            writer.become(failed(writer.value, rfc3339(clock.now()), why, "the supervisor failed"))
            writer.finish()
            raise
    return 0


@dataclasses.dataclass(frozen=True, slots=True)
class _Options:
    """What `start` passes on the command line."""

    state: Path
    deployment: str
    pace: Pace
    published: PublishedFiles | None


def _arguments(arguments: Sequence[str]) -> _Options:
    """Options written by `start` only: argparse would cost more memory than it saves lines."""
    values = dict(zip(arguments[::2], arguments[1::2], strict=True))
    pace = Pace.read(values["--pace"])
    return _Options(Path(values["--state"]), values["--id"], pace, from_options(values))


def _listen() -> SimpleQueue[Event]:
    """A queue (its `put` is safe inside a signal handler) that receives stop requests and ended children."""
    events: SimpleQueue[Event] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: events.put(Call.STOP))
    signal.signal(SLEEP, lambda *_: events.put(Call.SLEEP))
    signal.signal(WAKE, lambda *_: events.put(Call.WAKE))
    signal.signal(signal.SIGCHLD, lambda *_: events.put(Call.CHILD))
    signal.signal(signal.SIGHUP, lambda *_: None)  # a handler, unlike SIG_IGN, is not inherited by the backend
    return events


def _supervise(supervision: Supervision) -> None:
    """Returns once the end of the deployment is recorded."""
    restarted_at: list[float] = []
    was_ready = reduced = False
    moves = 0
    while True:
        ended = wait_for_gpus(supervision) or _live(supervision)
        was_ready = was_ready or ended.was_ready
        if ended.stopped:
            return _stopped(supervision, ended.reason)
        if not was_ready and not reduced and _adjust(supervision, ended):
            reduced = True
            continue
        if ended.port_taken and not was_ready and moves < _MOST_MOVES and _move(supervision, ended):
            moves += 1
            continue
        after = after_exit(
            supervision.writer.value.spec.restart_policy,
            was_ready=was_ready,
            restarted_at=restarted_at,
            now=supervision.clock.monotonic(),
        )
        if after.pause_seconds is None:
            return _failed(supervision, ended, after.reason)
        _restarting(supervision, ended, after.pause_seconds)
        restarted_at.append(supervision.clock.monotonic())
        if asked_to_stop(supervision, after.pause_seconds):
            return _stopped(supervision)
        supervision.writer.become(relaunching(supervision.writer.value))


def _live(supervision: Supervision) -> Ended:
    try:
        return Life(dataclasses.replace(supervision, earlier=supervision.writer.earlier_starts())).run()
    finally:
        supervision.lease.release()


def _adjust(supervision: Supervision, ended: Ended) -> bool:
    """Apply what the backend derived to the plan; False when there is nothing to change. Once per start."""
    if ended.diagnosis is None:
        return False
    backend, writer = supervision.backend, supervision.writer
    found = ended.diagnosis
    relieved = backend.runs.relieved if found.wants_relief else None
    changed = adjusted(writer.value, found.cause, found.suggested, backend.about.options, relieved)
    if changed is None:
        return False
    writer.adjusted(changed)
    return True


def _move(supervision: Supervision, ended: Ended) -> bool:
    """Move to another port, unless the user fixed it."""
    writer = supervision.writer
    if not writer.may_move():
        return False
    try:
        writer.move(paths_of_state(supervision.state))
    except (Conflict, StorageFailed):
        return False
    message = f"moved to port {writer.value.pinned.port}: {_cause(supervision, ended)}"
    writer.become(retried(writer.value, message))
    return True


def _stopped(supervision: Supervision, reason: str | None = None) -> None:
    writer = supervision.writer
    writer.become(stopped(writer.value, rfc3339(supervision.clock.now()), reason))
    writer.finish()
    supervision.routes.look(writer.value, over=True)


def _failed(supervision: Supervision, ended: Ended, reason: str | None) -> None:
    writer, error = supervision.writer, _error(supervision, ended)
    if reason:
        error = dataclasses.replace(error, cause=f"{error.cause}; {reason}")
    writer.become(failed(writer.value, rfc3339(supervision.clock.now()), error, _how(supervision, ended)))
    writer.finish()
    supervision.routes.look(writer.value, over=True)


def _restarting(supervision: Supervision, ended: Ended, pause: float) -> None:
    message = f"{_how(supervision, ended)}; restarting in {pause:.0f} s"
    supervision.writer.become(restarting(supervision.writer.value, _error(supervision, ended), message))


def _error(supervision: Supervision, ended: Ended) -> LastError:
    found = ended.diagnosis
    if found is None:
        return LastError(cause=_cause(supervision, ended))
    return LastError(cause=found.cause, evidence=found.evidence, hints=found.hints, suggested=found.suggested)


def _cause(supervision: Supervision, ended: Ended) -> str:
    return ended.diagnosis.cause if ended.diagnosis else _how(supervision, ended)


def _how(supervision: Supervision, ended: Ended) -> str:
    """The end as a sentence: `vLLM was killed by SIGKILL`."""
    title = supervision.backend.title
    code = ended.exit_code
    if code is None:
        return ended.diagnosis.cause if ended.diagnosis else f"{title} was stopped"
    if code < 0:
        try:
            return f"{title} was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"{title} was killed by signal {-code}"
    return f"{title} exited with status {code}"
