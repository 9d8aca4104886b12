"""One life of a backend: from its start to its end, seen by its supervisor.

Everything that happens comes through one queue: the signal handlers, the pump and the watch put into it, and the
loop here alone decides and writes.
"""

from __future__ import annotations

import contextlib
import os
from datetime import timedelta
from pathlib import Path
from queue import Empty

from modelscan.backends.base import Diagnosis, LogEvent
from modelscan.backends.explaining.diagnosis import with_kernel_kills
from modelscan.deployments.files import last_request_at, note_request, paths_of_state
from modelscan.deployments.measurements import measurement_of
from modelscan.deployments.transitions.ending import stopping
from modelscan.deployments.transitions.serving import became_ready, became_unhealthy, probed, recovered
from modelscan.deployments.transitions.starting import launched, reached, sized
from modelscan.model import Measured, Progress
from modelscan.storage.logs.log_file import LogFile
from modelscan.storage.logs.pump import Pump
from modelscan.system.clock import rfc3339
from modelscan.system.processes.identity import Process, descendants, find, tagged_as
from modelscan.system.processes.memory import bytes_read, out_of_memory_kills, resident_bytes
from modelscan.system.processes.sockets import listening_sockets
from modelscan.system.processes.spawn import Child, reap, spawn
from modelscan.system.processes.tree import end_tree
from modelscan.targets.local.cgroup import make_noted_cgroup, remove_noted_cgroup
from modelscan.targets.local.environment import backend_environment, key_files, secrets_of
from modelscan.targets.local.health.health import Health
from modelscan.targets.local.health.probe import Generated, ProbeFailed
from modelscan.targets.local.health.watch import Answering, NotYet, Probed, Ready, Unusable, Watch
from modelscan.targets.local.supervisor.figures import Figures
from modelscan.targets.local.supervisor.phases import Phases
from modelscan.targets.local.supervisor.reading import Reading
from modelscan.targets.local.supervisor.rest import Rest
from modelscan.targets.local.supervisor.supervision import Call, Ended, Event, Supervision
from modelscan.units import format_duration

_FIRST_PHASE = "launching"
_LAST_PHASE = "generating"
_TICK_SECONDS = 0.25
_IDLE_TICK_SECONDS = 1.0
_PROGRESS_SECONDS = 0.5  # how often a moving figure is written
_DRAIN_SECONDS = 5.0


class Life:
    """Call `run` once."""

    def __init__(self, supervision: Supervision) -> None:
        self._with = supervision
        self._writer = supervision.writer
        self._clock = supervision.clock
        self._cgroup: Path | None = None
        self._over = False
        self._ready = False
        self._answering = False
        self._refused: str | None = None  # what the last request was told that did not make it ready
        self._phases = Phases(_FIRST_PHASE, supervision.clock.monotonic(), supervision.earlier)
        limit = supervision.writer.value.spec.stall_timeout_seconds
        self._reading = Reading(lambda: bytes_read(self._members()), limit, supervision.clock.monotonic())
        self._health = Health(supervision.pace)
        self._rest = Rest(supervision)
        self._written_at = 0.0
        self._read_at = 0.0  # the last reading of the metrics, in seconds since the epoch
        self._figures = Figures()

    def run(self) -> Ended:
        """Start the backend and stay until nothing of it is left."""
        record = self._writer.value
        port, argv = record.pinned.port or 0, record.pinned.argv
        if listening_sockets(port):
            return self._ended(f"port `{port}` is already in use by another program", port_taken=True)
        argv = (record.pinned.program or argv[0], *argv[1:])
        env = backend_environment(record, self._with.environ, state=str(self._with.state))
        try:
            self._write_key()
            if record.pinned.socket is not None:
                Path(record.pinned.socket).unlink(missing_ok=True)
            self._cgroup = make_noted_cgroup(record.id, self._with.files)
            leader = spawn(argv, env=env, folder=self._with.files.folder, cgroup=self._cgroup)
        except OSError as error:
            self._forget_key()
            remove_noted_cgroup(self._with.files, self._cgroup)
            return self._ended(f"`{argv[0]}` could not be started: {error.strerror}")
        kills_before = out_of_memory_kills()
        pump = self._pump(leader)
        watch = self._watch()
        process = find(leader.pid)
        start_time = process.start_time if process else None
        self._writer.become(
            launched(self._writer.value, pid=leader.pid, start_time=start_time, expected_at=self._expected())
        )
        try:
            ended = self._until_the_end(leader, pump)
        finally:
            self._over = True
            self._forget_key()
            watch.stop()
            self._end(leader, process)
            pump.join(_DRAIN_SECONDS)
            watch.join(_DRAIN_SECONDS)
        if ended.stopped or ended.diagnosis is not None:
            return ended
        diagnosis = self._with.backend.explains.diagnose(pump.tail(), ended.exit_code)
        diagnosis = with_kernel_kills(diagnosis, out_of_memory_kills() - kills_before)
        taken = not self._ready and bool(listening_sockets(port))  # ours have all ended
        return Ended(was_ready=self._ready, exit_code=ended.exit_code, diagnosis=diagnosis, port_taken=taken)

    def _write_key(self) -> None:
        """For a backend that reads its key from a file, which is deleted once it was read."""
        for name, content in key_files(self._writer.value, self._with.environ).items():
            path = self._with.files.folder / name
            path.unlink(missing_ok=True)
            path.touch(mode=0o600, exist_ok=False)
            path.write_text(content, encoding="utf-8")

    def _forget_key(self) -> None:
        for name in key_files(self._writer.value, self._with.environ):
            (self._with.files.folder / name).unlink(missing_ok=True)

    def _pump(self, leader: Child) -> Pump:
        assert leader.stdout is not None  # noqa: S101  `spawn` asks for a pipe
        pump = Pump(
            leader.stdout.fileno(),
            LogFile(self._with.files.folder),
            clock=self._clock,
            on_line=self._read_line,
            secrets=secrets_of(self._writer.value, self._with.environ),
        )
        pump.start()
        return pump

    def _watch(self) -> Watch:
        spec, pinned = self._writer.value.spec, self._writer.value.pinned
        watch = Watch(
            self._rest.endpoint,
            task=pinned.task,
            others=[(item.served_model_names[0], item.task) for item in pinned.models[1:] if item.served_model_names],
            backend=self._with.backend,
            names=spec.served_model_names or (spec.model,),
            generation_timeout=spec.stall_timeout_seconds,
            pace=self._with.pace,
            idle_timeout=spec.idle_timeout_seconds,
            members=self._members,
            tell=self._tell,
        )
        watch.start()
        return watch

    def _members(self) -> set[Process]:
        """The backend's processes: by the tag, and, as this is a subreaper, by descent."""
        return tagged_as(self._writer.value.id) | descendants(os.getpid())

    def _read_line(self, line: str) -> None:
        with contextlib.suppress(Exception):  # a line that our own reading stumbles over must not stop the pump
            event = self._with.backend.explains.read_log_line(line)
            if event is not None:
                self._tell(event)
            else:
                self._phases.read_bar(line, self._clock.monotonic())

    def _tell(self, event: Event) -> None:
        """For the pump and the watch; events after the end of this life do not reach the next one."""
        if not self._over:
            self._with.events.put(event)

    def _until_the_end(self, leader: Child, pump: Pump) -> Ended:
        while True:
            event = self._next_event()
            idle = self._idle()
            tired = self._ready and (event is Call.SLEEP or idle is not None)
            if event is Call.STOP or (tired and not self._rest.fall_asleep(idle)):
                self._writer.become(stopping(self._writer.value))
                return Ended(was_ready=self._ready, stopped=True, reason=idle)
            if event is Call.WAKE and (problem := self._wake()) is not None:
                return self._ended(problem)
            if isinstance(event, Ready):
                pump.listening = False
            if (problem := self._take(event)) is not None:
                return self._given_up(event, problem, pump.tail())
            exit_code = reap(leader)
            if exit_code is not None and self._rest.asleep:
                return Ended(was_ready=True, stopped=True, reason="it ended while it was asleep")
            if exit_code is not None:
                return Ended(was_ready=self._ready, exit_code=exit_code)
            if (problem := self._stuck()) is not None:
                return self._ended(problem, evidence=_last_line(pump.tail()))
            self._writer.flush()
            self._with.routes.look(self._writer.value)

    def _wake(self) -> str | None:
        """The problem, where it does not wake."""
        if not self._rest.asleep:
            return None
        self._health = Health(self._with.pace)  # its sleep was no idling
        try:
            generated = self._rest.wake()
        except ProbeFailed as failed:
            return f"it did not wake: {failed.reason}"
        self._became_ready(generated)
        return None

    def _next_event(self) -> Event | None:
        idle = self._ready and self._writer.flush()
        try:
            return self._with.events.get(timeout=_IDLE_TICK_SECONDS if idle else _TICK_SECONDS)
        except Empty:
            return None

    def _take(self, event: Event | None) -> str | None:
        """Write what an event means; returns the problem when the backend must be ended for it."""
        match event:
            case LogEvent():
                self._take_log(event)
            case Answering():
                self._answering = True
                self._forget_key()
                self._reach(_LAST_PHASE, None, "it responds; testing a request")
            case NotYet():
                self._refused = event.reason
                self._reach(_LAST_PHASE, None, event.reason[:200])
            case Unusable():
                return event.reason
            case Ready():
                self._become_ready(event.generated)
            case Probed():
                return self._take_probe(event)
            case _:
                pass
        return None

    def _take_log(self, event: LogEvent) -> None:
        self._figures.take(event)
        record = self._writer.value
        changed = sized(record, kv_cache_tokens=event.kv_cache_tokens, max_concurrency=event.max_concurrency)
        if changed != record:
            self._writer.become(changed)
        if event.phase is not None and not self._answering:
            self._reach(event.phase, event.fraction, event.detail)

    def _reach(self, phase: str, fraction: float | None, detail: str | None) -> None:
        """Write a phase at once, a figure that moves now and then."""
        now = self._clock.monotonic()
        at_once = self._phases.reach(phase, fraction, now)
        if at_once or now - self._written_at >= _PROGRESS_SECONDS:
            self._written_at = now
            progress = Progress(fraction=fraction, detail=detail, expected_at=self._expected())
            self._writer.become(reached(self._writer.value, phase, progress))

    def _expected(self) -> str | None:
        left = self._phases.seconds_left(self._clock.monotonic())
        return None if left is None else rfc3339(self._clock.now() + timedelta(seconds=left))

    def _beat(self) -> bool:
        """The heartbeat is the lock's time: no transaction, and it works on a full disk. False: the lock is gone."""
        try:
            os.utime(self._with.files.lock)
        except FileNotFoundError:
            return False
        except OSError:
            pass
        return True

    def _become_ready(self, generated: Generated) -> None:
        self._ready = True
        self._with.lease.release()
        self._writer.keep_start(self._phases.durations(self._clock.monotonic()))
        measurement = measurement_of(self._writer.value, self._figures.whole, rfc3339(self._clock.now()))
        self._writer.keep_measurement(measurement, paths_of_state(self._with.state))
        self._became_ready(generated)

    def _became_ready(self, generated: Generated) -> None:
        self._beat()  # or readers would take the time of the start for that of the last probe
        moment = rfc3339(self._clock.now())
        measured = Measured(ttft_ms=generated.ttft_ms, decode_tokens_per_second=generated.tokens_per_second)
        self._writer.become(
            became_ready(
                self._writer.value,
                moment,
                measured=measured,
                measured_bytes=self._measured_bytes(),
                measured_parts=self._figures.parts(on_gpu=bool(self._writer.value.pinned.gpu_indices)),
            )
        )

    def _measured_bytes(self) -> int | None:
        """On a GPU what the backend's log reports, on a CPU the resident memory of its processes."""
        if not self._writer.value.pinned.gpu_indices:
            return resident_bytes(self._members())
        return self._figures.of_the_gpus()

    def _take_probe(self, probe: Probed) -> str | None:
        if not self._beat():
            return "its state folder was removed"  # nobody could find it any more to stop it
        if self._rest.asleep:
            return None
        health = self._health
        health.update(answered=probe.healthy, activity=probe.activity, now=self._clock.monotonic())
        self._note_requests(probe)
        before = self._writer.value
        record = before
        if (health.trouble is not None) != (before.status.current == "unhealthy"):
            record = became_unhealthy(before, health.trouble) if health.trouble else recovered(before)
        if probe.healthy != before.status.last_probe_ok or record != before:
            self._writer.become(probed(record, rfc3339(self._clock.now()), ok=probe.healthy))
        return None

    def _note_requests(self, probe: Probed) -> None:
        """Those that did not come through the gateway, which knows better when its own ended."""
        if probe.activity is None:
            return
        before, self._read_at = self._read_at, self._clock.now().timestamp()
        if self._health.pulse.worked and (last_request_at(self._with.files) or 0.0) < before:
            note_request(self._with.files, self._read_at)

    def _idle(self) -> str | None:
        """The reason to stop it when it was idle for as long as the user allowed."""
        limit = self._writer.value.spec.idle_timeout_seconds
        if not self._ready or self._rest.asleep or limit is None or self._health.pulse.idle_seconds < limit:
            return None
        return f"it was idle for {format_duration(limit)}"

    def _stuck(self) -> str | None:
        if self._rest.asleep:
            return None
        now = self._clock.monotonic()
        spec, phase = self._writer.value.spec, self._writer.value.status.phase
        if self._ready:
            overdue = None if spec.restart_policy == "no" else self._health.overdue(now)
            return (
                None if overdue is None else f"it did not become healthy within {overdue:.0f} s: {self._health.trouble}"
            )
        if self._reading.goes_on(now):
            self._phases.progress_at = now
        if now - self._phases.progress_at <= spec.stall_timeout_seconds:
            return None
        doing = f" while {phase}" if phase else ""
        told = f": {self._refused}" if self._refused else ""
        return f"no progress for {spec.stall_timeout_seconds:.0f} s{doing}{told}"

    def _end(self, leader: Child, process: Process | None) -> None:
        alive = process if leader.returncode is None else None
        grace, linger = self._writer.value.spec.stop_grace_seconds, self._with.pace.linger
        end_tree(self._members, alive, grace=grace, linger=linger, clock=self._clock)
        reap(leader)
        remove_noted_cgroup(self._with.files, self._cgroup)

    def _given_up(self, event: Event | None, problem: str, log_tail: str) -> Ended:
        """Where its answer says that it failed, its log may say of what: known causes have hints."""
        if not isinstance(event, Unusable) or event.port_taken:
            return self._ended(problem, port_taken=isinstance(event, Unusable))
        found = self._with.backend.explains.diagnose(log_tail, None)
        if not found.hints:
            return self._ended(problem, evidence=found.evidence)
        return self._ended(found.cause, evidence=problem, hints=found.hints)

    def _ended(
        self, cause: str, *, evidence: str | None = None, hints: tuple[str, ...] = (), port_taken: bool = False
    ) -> Ended:
        name = self._writer.value.name
        diagnosis = Diagnosis(cause=cause, evidence=evidence, hints=(*hints, f"modelscan logs {name} --tail 50"))
        return Ended(was_ready=self._ready, diagnosis=diagnosis, port_taken=port_taken)


def _last_line(tail: str) -> str | None:
    return next((line for line in reversed(tail.splitlines()) if line.strip()), None)
