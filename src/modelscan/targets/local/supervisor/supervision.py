"""What the life of a backend is made of: what its supervisor works with, what happens, and how it ends."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from queue import SimpleQueue

from modelscan.backends.backend import Backend
from modelscan.backends.base import Diagnosis, LogEvent
from modelscan.dataclasses import dataclass
from modelscan.deployments.files import DeploymentFiles
from modelscan.system.clock import Clock
from modelscan.targets.local.health.watch import Seen
from modelscan.targets.local.supervisor.jobs import RouteKeeper
from modelscan.targets.local.supervisor.lease import GpuLease
from modelscan.targets.local.supervisor.phases import Durations
from modelscan.targets.local.supervisor.writer import RecordWriter
from modelscan.targets.pace import Pace

# How a command asks a supervisor for it.
SLEEP, WAKE = signal.SIGUSR1, signal.SIGUSR2


class Call(Enum):
    """What signal handlers report."""

    STOP = "stop"
    CHILD = "child"
    SLEEP = "sleep"
    WAKE = "wake"


Event = Call | Seen | LogEvent


@dataclass(frozen=True, kw_only=True, slots=True)
class Supervision:
    """What the supervisor works with. `state` is the state folder, for the tag."""

    writer: RecordWriter
    backend: Backend
    files: DeploymentFiles
    state: Path
    environ: Mapping[str, str]
    clock: Clock
    events: SimpleQueue[Event]
    pace: Pace
    routes: RouteKeeper
    lease: GpuLease
    earlier: Sequence[Durations] = ()  # how long the phases took before


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a life ended: stopped on request or for `reason`; by itself (`exit_code`); or by us, as `diagnosis` says."""

    was_ready: bool
    stopped: bool = False
    reason: str | None = None
    exit_code: int | None = None
    diagnosis: Diagnosis | None = None
    port_taken: bool = False
