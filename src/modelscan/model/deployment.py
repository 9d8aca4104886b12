"""What runs, in what, and how it is reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelscan.dataclasses import dataclass, field
from modelscan.model.adapter import Adapter
from modelscan.model.plan import ModelInProcess
from modelscan.model.registered import AtGateway
from modelscan.model.words import ASLEEP, LIVE_STATUSES, Device, Mode, RestartPolicy, Source, StartedBy, Status, Task


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """A backend that can be started: `program` is run with the plan's arguments.

    `managed` is True for the environments that modelscan made, and only those are ever changed or removed.
    `origin` says where it came from in words for people; `requirements` are the installed pins worth knowing.
    `lacks` says what it cannot do here, and the way to it. `variant` is the word for an environment that has less than
    all that its backend serves with.
    """

    backend: str
    version: str | None
    device: Device
    program: str
    python: str | None = None
    path: str = ""
    managed: bool = False
    origin: str = ""
    requirements: Mapping[str, str] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()
    installed_at: str | None = None
    size_bytes: int | None = None
    variant: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MeasuredParts:
    """What a backend's log said by the time it was ready, of the device that holds most, as `memory_per_gpu` is."""

    weights_bytes: int | None = None
    kv_cache_bytes: int | None = None
    activations_bytes: int | None = None
    graphs_bytes: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DeploymentMemory:
    estimated_bytes: int | None = None
    measured_bytes: int | None = None
    measured_parts: MeasuredParts | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    ttft_ms: float | None = None
    decode_tokens_per_second: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a start is: `fraction` 0 to 1 where it can be known, `detail` in words.

    `expected_at` is when it should be ready, from what earlier starts of the same took on this machine.
    """

    fraction: float | None = None
    detail: str | None = None
    expected_at: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """Memory of one GPU (of the host where `gpu_index` is None) that is promised to a deployment.

    `outstanding_bytes` is what of it is not resident yet, so that the driver still reports it as free.
    """

    deployment: str
    gpu_index: int | None
    claimed_bytes: int
    outstanding_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """What a started backend's log said of its memory, per GPU, with the settings that it ran with."""

    repo_id: str
    revision: str | None = None
    quantization: str | None = None
    backend: str
    backend_version: str | None = None
    gpu_name: str | None = None
    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    max_model_len: int | None = None
    max_num_seqs: int | None = None
    kv_cache_dtype: str | None = None
    gpu_memory_utilization: float | None = None
    enforce_eager: bool = False
    speculative: dict[str, object] | None = None
    weights_bytes: int | None = None
    activations_bytes: int | None = None
    graphs_bytes: int | None = None
    kv_cache_bytes: int | None = None
    kv_cache_tokens: int | None = None
    at: str | None = None


# The document, flat, as it is kept and shown. What changes is the record in four parts (`deployments/record`); one is
# made from the other in `deployments/document` alone.
@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """A plan that runs, or ran, under a name. `argv` carries no secret: keys reach the backend by environment.

    `request` is what the user asked for (for "same request: unchanged"), `reference` the model in the user's own words,
    `started_by` the command that made it, `plan` the document of the pinned candidate that `start` replays. `models`
    are those of its process where there are several, its own the first. `location` is the weights as the backend is
    given them, `adjustments` what was changed of the plan to make it start, in words.
    """

    id: str
    name: str
    target: str = "local"
    model: str
    catalog_id: str | None = None
    task: Task = "chat"
    repo_id: str | None = None
    revision: str | None = None
    source: Source | None = None
    backend: str
    backend_version: str | None = None
    quantization: str | None = None
    mode: Mode = "standard"
    status: Status = "pending"
    phase: str | None = None
    progress: Progress | None = None
    message: str | None = None
    base_url: str | None = None
    openai_base_url: str | None = None
    served_model_names: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int | None = None
    api_key_env: str | None = None
    pid: int | None = None
    gpu_indices: tuple[int, ...] = ()
    gpu_uuids: tuple[str, ...] = ()
    tensor_parallel: int = 1
    max_model_len: int | None = None
    kv_cache_tokens: int | None = None
    max_concurrency: float | None = None
    memory: DeploymentMemory = field(default_factory=DeploymentMemory)
    measured: Measured = field(default_factory=Measured)
    restarts: int = 0
    request: Mapping[str, Any] = field(default_factory=dict)
    created_at: str | None = None
    updated_at: str | None = None
    started_at: str | None = None
    ready_at: str | None = None
    stopped_at: str | None = None
    removed_at: str | None = None
    last_error: str | None = None
    argv: tuple[str, ...] = ()
    log_path: str | None = None
    changed: bool | None = None
    on_demand: bool = False
    started_by: StartedBy | None = None
    aliases: tuple[str, ...] = ()
    adapters: tuple[Adapter, ...] = ()
    models: tuple[ModelInProcess, ...] = ()
    at_gateway: AtGateway = field(default_factory=AtGateway)
    stopped_by: str | None = None
    socket: str | None = None  # the Unix socket that it listens on instead of a port
    sleep: bool = False
    last_request_at: str | None = None  # never of the record: it is looked at when the record is shown
    # Beyond the interface's list: what `start` needs to replay the plan without planning again.
    reference: str | None = None
    location: str | None = None
    program: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    restart_policy: RestartPolicy = "no"
    stall_timeout_seconds: float = 600.0
    idle_timeout_seconds: float | None = None
    stop_grace_seconds: float = 15.0
    last_probe_at: str | None = None
    last_probe_ok: bool | None = None
    # Who owns it: a pid counts only together with its start time (clock ticks) and the boot that both belong to.
    boot_id: str | None = None
    supervisor_pid: int | None = None
    supervisor_start_time: int | None = None
    pid_start_time: int | None = None
    # What the backend's last end was put down to, beside `last_error`: the log line, the commands, derived values.
    error_evidence: str | None = None
    error_hints: tuple[str, ...] = ()
    error_suggested: Mapping[str, Any] = field(default_factory=dict)
    plan: Mapping[str, Any] = field(default_factory=dict)
    adjustments: tuple[str, ...] = ()

    @property
    def is_live(self) -> bool:
        """Whether it has processes, or is about to: one that sleeps has them although it is stopped."""
        return self.status in LIVE_STATUSES or self.phase == ASLEEP


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """A public name and the endpoint behind it."""

    name: str
    type: str
    base_url: str
    model: str
    managed: bool
