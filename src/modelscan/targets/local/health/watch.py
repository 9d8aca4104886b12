"""Watches one backend from outside, in its own thread: first until it generates, then whether it still responds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from modelscan.backends.backend import Backend
from modelscan.backends.base import Activity
from modelscan.dataclasses import dataclass, replace
from modelscan.model import Task
from modelscan.system.processes.identity import Process, program_name
from modelscan.system.processes.sockets import listening_sockets, owner_of, sockets_of
from modelscan.targets.local.health.probe import Endpoint, Generated, ProbeFailed
from modelscan.targets.pace import Pace

_MOST_REFUSALS = 5
_ERRORS = range(400, 600)
_TRY_LATER = frozenset({408, 425, 429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Answering:
    """The health endpoint responds; the next step is a request of its task."""


@dataclass(frozen=True, slots=True)
class Ready:
    generated: Generated


@dataclass(frozen=True, slots=True)
class NotYet:
    """A request failed and is retried."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """Waiting will not make it ready. `port_taken`: another program has its port."""

    reason: str
    port_taken: bool = False


@dataclass(frozen=True, slots=True)
class Probed:
    """`activity` is what its metrics say, when they were read and could be parsed."""

    healthy: bool
    activity: Activity | None = None


Seen = Answering | Ready | NotYet | Unusable | Probed


class Watch(threading.Thread):
    """Reports what it sees to `tell`, until `stop`. `members` are the processes of the backend."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        task: Task,
        others: Sequence[tuple[str, Task]] = (),
        backend: Backend,
        names: Sequence[str],
        generation_timeout: float,
        pace: Pace,
        idle_timeout: float | None,
        members: Callable[[], set[Process]],
        tell: Callable[[Seen], None],
    ) -> None:
        super().__init__(name="watch", daemon=True)
        self._endpoint = endpoint
        self._task = task
        self._others = others
        self._backend = backend
        self._names = names
        self._generation_timeout = generation_timeout
        self._pace = pace
        self._between_metrics = min(pace.between_metrics, (idle_timeout or pace.wedged_after) / 8)
        self._members = members
        self._tell = tell
        self._stopped = threading.Event()

    def stop(self) -> None:
        self._stopped.set()

    def run(self) -> None:
        if self._until_it_answers() and self._until_it_generates():
            self._while_it_lives()

    def _until_it_answers(self) -> bool:
        while not self._stopped.wait(self._pace.until_ready):
            if not self._healthy():
                continue
            if stranger := self._stranger():
                self._tell(Unusable(stranger, port_taken=True))
                return False
            self._tell(Answering())
            return True
        return False

    def _until_it_generates(self) -> bool:
        refusals = 0
        while not self._stopped.is_set():
            try:
                generated = self._endpoint.generate(self._task, self._generation_timeout)
                for model, task in self._others:
                    replace(self._endpoint, model=model).generate(task, self._generation_timeout)
            except ProbeFailed as failed:
                final = failed.status in _ERRORS and failed.status not in _TRY_LATER
                refusals = refusals + 1 if final else 0
                if refusals == _MOST_REFUSALS:
                    self._tell(Unusable(f"it responds, but the first request failed: {failed.reason}"))
                    return False
                self._tell(NotYet(failed.reason))
                self._stopped.wait(self._pace.between_generations)
            else:
                if stranger := self._stranger():
                    self._tell(Unusable(stranger, port_taken=True))
                    return False
                self._tell(Ready(generated))
                return True
        return False

    def _while_it_lives(self) -> None:
        doubtful = False
        measured_at = 0.0
        clock = self._endpoint.clock
        while not self._stopped.wait(self._pace.when_ready):
            healthy = self._healthy() and not (doubtful and self._stranger())
            doubtful = not healthy
            activity = None
            if clock.monotonic() - measured_at >= self._between_metrics:
                measured_at = clock.monotonic()
                activity = self._activity()
            self._tell(Probed(healthy, activity))

    def _activity(self) -> Activity | None:
        explains = self._backend.explains
        if explains.metrics_path is None:
            return None
        try:
            text = self._endpoint.get(explains.metrics_path, self._pace.answer_within).decode("utf-8", "replace")
        except ProbeFailed:
            return None
        return explains.read_metrics(text)

    def _healthy(self) -> bool:
        return self._endpoint.is_healthy(self._backend.runs.health_path(), self._pace.answer_within)

    def _stranger(self) -> str | None:
        """The message when another program serves the port; None when it is the backend."""
        if self._endpoint.socket is not None:
            return None  # in a folder that only we may enter
        reachable = listening_sockets(self._endpoint.port)
        if reachable is None:  # no /proc/net here: the names it serves must do
            ours = self._endpoint.serves_one_of(self._names, self._pace.answer_within)
        else:
            ours = bool(reachable) and reachable <= sockets_of(process.pid for process in self._members())
        return None if ours else f"port `{self._endpoint.port}` is served by {_who(self._endpoint.port)}"


def _who(port: int) -> str:
    pid = owner_of(port)
    return "a program of another user" if pid is None else f"another program: {program_name(pid)}, process {pid}"
