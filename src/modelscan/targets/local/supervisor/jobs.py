"""Starts a supervisor's jobs (see `job`): short processes that load what it does not."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from modelscan.deployments.record import Record
from modelscan.routing.marked import marked_names
from modelscan.system.clock import Clock
from modelscan.system.processes import run as process
from modelscan.targets.published import PublishedFiles

_JOB = (sys.executable, "-E", "-s", "-m", "modelscan.targets.local.supervisor.job")
_MEMORY_SECONDS = 30.0
_SETTLED_SECONDS = 2.0  # a command that waits writes the routes itself, within this time


def memory_of_gpus(environ: Mapping[str, str]) -> dict[int, int]:
    """Free bytes of each GPU that reports them; empty where they cannot be read."""
    answer = process.run((*_JOB, "memory"), env=environ, timeout=_MEMORY_SECONDS)
    try:
        return {int(index): size for index, size in json.loads(answer.stdout).items() if size is not None}
    except (ValueError, AttributeError):
        return {}


class RouteKeeper:
    """Keeps the published files in step with one deployment when no command does: after `--no-wait`, after a crash, and
    when the command that stops it is killed.
    """

    def __init__(
        self,
        published: PublishedFiles | None,
        name: str,
        *,
        state: Path,
        environ: Mapping[str, str],
        output: Path,
        clock: Clock,
    ) -> None:
        self._published = published
        self._argv = (*_JOB, "routes", "--state", str(state), *(published.options() if published else ()))
        self._environ = environ
        self._output = output
        self._clock = clock
        self._routed = published is not None and name in marked_names(
            published.routes
        )  # an earlier start may have left a route
        self._changed_at: float | None = None

    def look(self, record: Record, *, over: bool = False) -> None:
        """To be called now and then: what is ready for some time, or no longer, is written once."""
        routed = record.status.current == "ready"
        if routed != self._routed:
            self._routed = routed
            self._changed_at = self._clock.monotonic()
        if self._changed_at is None or self._published is None:
            return
        if over or self._clock.monotonic() - self._changed_at >= _SETTLED_SECONDS:
            self._changed_at = None
            with contextlib.suppress(OSError):  # its folder was removed, or there is no process to be had
                process.spawn_detached(self._argv, env=self._environ, output=self._output, cwd=Path.cwd())
