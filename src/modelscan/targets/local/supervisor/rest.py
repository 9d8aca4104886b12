"""Sleeping instead of being stopped: the backend gives its GPUs back and keeps its weights in the host's memory."""

from __future__ import annotations

from modelscan.deployments.transitions.ending import fell_asleep
from modelscan.deployments.transitions.starting import waking
from modelscan.system.clock import rfc3339
from modelscan.targets.local.health.probe import Endpoint, Generated, ProbeFailed
from modelscan.targets.local.supervisor.supervision import Supervision

_SLEEP_SECONDS = 120.0


class Rest:
    """`asleep`: it does not answer requests, and is not asked whether it would."""

    def __init__(self, supervision: Supervision) -> None:
        self._with = supervision
        record = supervision.writer.value
        spec, pinned = record.spec, record.pinned
        names = spec.served_model_names or (spec.model,)
        key = supervision.environ.get(spec.api_key_env) if spec.api_key_env else None
        self.endpoint = Endpoint(pinned.port or 0, names[0], key, supervision.clock, pinned.socket)
        self.asleep = False

    def fall_asleep(self, reason: str | None) -> bool:
        """False where it cannot: then it has to be stopped."""
        writer, paths = self._with.writer, self._with.backend.runs.sleeps_by
        if self.asleep:
            return True
        if not writer.value.spec.sleep or paths is None:
            return False
        try:
            self.endpoint.post(paths[0], {}, _SLEEP_SECONDS)
        except ProbeFailed:
            return False
        self.asleep = True
        writer.become(fell_asleep(writer.value, rfc3339(self._with.clock.now()), reason))
        return True

    def wake(self) -> Generated:
        """Returns once it generates. Raises ProbeFailed."""
        writer, paths = self._with.writer, self._with.backend.runs.sleeps_by
        assert paths is not None  # noqa: S101  it fell asleep by them
        self.asleep = False
        writer.become(waking(writer.value, rfc3339(self._with.clock.now())))
        seconds = writer.value.spec.stall_timeout_seconds
        self.endpoint.post(paths[1], {}, seconds)
        return self.endpoint.generate(writer.value.pinned.task, seconds)
