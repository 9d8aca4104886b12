"""The record of a deployment, in four parts by who may change them and when.

    spec     what was asked for and under what name: never changed
    pinned   the plan that `start` replays: changed where it could not start as it was planned (port, smaller context)
    status   where it is in its life, and how that went
    owner    who supervises it, and the process that it started

`transitions` are the only changes there are, `document` is how a record is written down and shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelscan.dataclasses import dataclass, field
from modelscan.model import Adapter, Measured, MeasuredParts, ModelInProcess, Progress
from modelscan.model.registered import AtGateway
from modelscan.model.words import ASLEEP, LIVE_STATUSES, Mode, RestartPolicy, Source, StartedBy, Status, Task


@dataclass(frozen=True, kw_only=True)
class DeploymentSpec:
    """`request` is what the user asked for, for "same request: unchanged", and `reference` the name of the model in the
    user's own words. `started_by` is the command that made it. `on_demand`: a request at the gateway
    may start it, and it may make room for another that does; `sleep`: it sleeps where it would be stopped for that or
    for being idle; `aliases` are names at the gateway.
    """

    id: str
    name: str
    target: str = "local"
    model: str
    reference: str | None = None
    catalog_id: str | None = None
    served_model_names: tuple[str, ...] = ()
    api_key_env: str | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    started_by: StartedBy | None = None
    on_demand: bool = False
    sleep: bool = False
    restart_policy: RestartPolicy = "no"
    stall_timeout_seconds: float = 600.0
    idle_timeout_seconds: float | None = None
    stop_grace_seconds: float = 15.0
    aliases: tuple[str, ...] = ()
    at_gateway: AtGateway = field(default_factory=AtGateway)
    created_at: str | None = None


@dataclass(frozen=True, kw_only=True)
class PinnedPlan:
    """`plan` is the document of the chosen candidate, `location` the weights as the backend is given them, `argv` its
    command line (keys are in no argument: they reach it by environment), `socket` what it listens on instead of a port.
    `models` are those of its process where there are several, its own the first; `adjustments` say what was changed of
    the plan to make it start, in words.
    """

    backend: str
    backend_version: str | None = None
    task: Task = "chat"
    mode: Mode = "standard"
    source: Source | None = None
    repo_id: str | None = None
    revision: str | None = None
    quantization: str | None = None
    location: str | None = None
    program: str | None = None
    argv: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    host: str = "127.0.0.1"
    port: int | None = None
    socket: str | None = None
    base_url: str | None = None
    openai_base_url: str | None = None
    gpu_indices: tuple[int, ...] = ()
    gpu_uuids: tuple[str, ...] = ()
    tensor_parallel: int = 1
    max_model_len: int | None = None
    estimated_bytes: int | None = None
    adapters: tuple[Adapter, ...] = ()
    models: tuple[ModelInProcess, ...] = ()
    plan: Mapping[str, Any] = field(default_factory=dict)
    adjustments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LastError:
    """Why it last ended: a sentence, the line of the log that says so, commands and derived values."""

    cause: str
    evidence: str | None = None
    hints: tuple[str, ...] = ()
    suggested: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DeploymentStatus:
    """`kv_cache_tokens` and `max_concurrency` are the plan's until the backend's log reports its own; `stopped_by` is
    `user` or `gateway`.
    """

    current: Status = "pending"
    phase: str | None = None
    progress: Progress | None = None
    message: str | None = None
    restarts: int = 0
    error: LastError | None = None
    kv_cache_tokens: int | None = None
    max_concurrency: float | None = None
    measured: Measured = field(default_factory=Measured)
    measured_bytes: int | None = None
    measured_parts: MeasuredParts | None = None
    last_probe_at: str | None = None
    last_probe_ok: bool | None = None
    log_path: str | None = None
    updated_at: str | None = None
    started_at: str | None = None
    ready_at: str | None = None
    stopped_at: str | None = None
    removed_at: str | None = None
    stopped_by: str | None = None


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A pid counts only together with its start time (clock ticks) and the boot that both belong to.

    `pid` is the backend's first process.
    """

    boot_id: str | None = None
    supervisor_pid: int | None = None
    supervisor_start_time: int | None = None
    pid: int | None = None
    pid_start_time: int | None = None


@dataclass(frozen=True, kw_only=True)
class Record:
    spec: DeploymentSpec
    pinned: PinnedPlan
    status: DeploymentStatus = field(default_factory=DeploymentStatus)
    owner: Owner = field(default_factory=Owner)

    @property
    def id(self) -> str:
        return self.spec.id

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def is_asleep(self) -> bool:
        return self.status.current == "stopped" and self.status.phase == ASLEEP

    @property
    def is_live(self) -> bool:
        """Whether it has processes, or is about to."""
        return self.status.current in LIVE_STATUSES or self.is_asleep
