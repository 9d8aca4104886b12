"""What fits best: the request, the candidates, the decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from modelscan.dataclasses import dataclass, field
from modelscan.model.adapter import Adapter
from modelscan.model.hardware import Gpu, Hardware
from modelscan.model.words import Mode, Source, Task


@dataclass(frozen=True, kw_only=True, slots=True)
class GpuFilters:
    """Which GPUs may be used: all that match. `compute_capability` is bounds such as `>=8.9,<10.0`."""

    vendor: tuple[str, ...] = ()
    min_memory_gb: float | None = None
    compute_capability: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Handling:
    """What an entry says of the class that serves its model. `handler` is the dotted path of one of the user's own,
    which gets `options`, the entry's other keys.
    """

    handler: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    thread_safe: bool | None = None
    max_parallelism: int | None = None
    owned_by: str | None = None
    supports_structured_outputs: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelInProcess:
    """One of several models in one process. `reference` is its name in the user's own words, `location` its weights as
    the backend is given them, `model_args` are what its entry says, in the backend's words.
    """

    model: str
    reference: str
    task: Task
    source: Source
    repo_id: str
    revision: str | None = None
    quantization: str | None = None
    location: str | None = None
    served_model_names: tuple[str, ...] = ()
    model_args: tuple[str, ...] = ()
    weights_bytes: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanRequest:
    """What the user asked for; None where the choice is ours. `gpus` are indices or UUIDs, `()` with
    `no_gpu=True` means none may be used. `backend_args` and `env` reach the backend after the
    allow-list; `allow_env` are names of variables that the user lets go beyond it.
    A deployment file can also fix `repo_id`, the one of the model's weights, and `gpu_filters`.
    `task` is what to serve it for, where that is not what the model is for.
    `beside` are further models for the same process; no option says them.
    `adapters` are the repos or folders of what goes on top of it, by the names they are served by, and `found_adapters`
    the same once they were looked at.
    A registered model also says `defaults` of requests (temperature, top_p), `pooling` and `handling`; no option does.
    """

    model: str
    repo_id: str | None = None
    gpu_filters: GpuFilters | None = None
    quantization: str | None = None
    backend: str | None = None
    backend_version: str | None = None
    task: Task | None = None
    mode: Mode | None = None
    gpus: tuple[str, ...] = ()
    no_gpu: bool = False
    gpu_count: int | None = None
    max_memory_bytes: int | None = None
    max_host_memory_bytes: int | None = None
    tensor_parallel: int | None = None
    pipeline_parallel: int | None = None
    context_length: int | Literal["max"] | None = None
    max_concurrency: int | None = None
    dtype: str | None = None
    kv_cache_dtype: str | None = None
    gpu_memory_utilization: float | None = None
    enforce_eager: bool | None = None
    source: Source | None = None
    revision: str | None = None
    backend_args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    allow_env: tuple[str, ...] = ()
    trust_remote_code: bool = False
    allow_pickle: bool = False
    beside: tuple[str, ...] = ()
    adapters: Mapping[str, str] = field(default_factory=dict)
    found_adapters: tuple[Adapter, ...] = ()
    defaults: Mapping[str, float] = field(default_factory=dict)
    pooling: str | None = None
    handling: Handling | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MemoryPerGpu:
    """Bytes on each device (host memory where no GPU is used). `total` is the estimate, low and high its bounds."""

    weights_bytes: int = 0
    kv_cache_bytes: int = 0
    activations_bytes: int = 0
    overhead_bytes: int = 0
    total_bytes: int = 0
    available_bytes: int | None = None
    total_low_bytes: int = 0
    total_high_bytes: int = 0
    kv_cache_low_bytes: int = 0
    kv_cache_high_bytes: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class MemoryLine:
    """One line of the arithmetic: bytes on each device with their bounds, and `how` they come about.

    The lines of a `part` (`weights`, `activations`, `overhead`, `kv_cache`) add up to its figure in `memory_per_gpu`.
    """

    part: str
    what: str
    estimate_bytes: int
    low_bytes: int
    high_bytes: int
    how: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimated:
    """A ranking aid from a roofline, never a measurement; `basis` says from which figures.

    `decode_tokens_per_second` is of one request alone, early in a conversation; `full_length_…` of one as long as the
    context; `concurrent_…` of `concurrency` requests together, each that long. `…_off_by`: nine of ten measured runs
    are within this factor of the estimate, in either direction.
    """

    decode_tokens_per_second: float | None = None
    full_length_decode_tokens_per_second: float | None = None
    concurrency: int | None = None
    concurrent_decode_tokens_per_second: float | None = None
    prefill_tokens_per_second: float | None = None
    decode_off_by: float | None = None
    concurrent_decode_off_by: float | None = None
    prefill_off_by: float | None = None
    basis: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Offload:
    """How layers lie where a backend holds some on GPUs and the others in the host's memory.

    `gpu_layers` counts from the end of the model, its output among them; of `host_expert_layers` layers, from the
    first, the experts stay on the host. `split` is each GPU's part of the layers, in the order of `gpu_indices`.
    `host_bytes` is what it takes of the host's memory, `host_available_bytes` what it may take.
    """

    gpu_layers: int = 0
    host_expert_layers: int = 0
    split: tuple[float, ...] = ()
    threads: int | None = None
    host_bytes: int = 0
    host_available_bytes: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """One way to run the weights. `argv[0]` is the backend's program by name; `reasons` has one per choice.

    `expert_parallel`: the experts are dealt out whole to the GPUs of all copies, instead of divided among one's.
    `stage_layers` are those of each stage of a pipeline where they are not equal.
    `load_quantization` is the backend's word where it quantizes while loading; `custom_all_reduce` is off where GPUs
    that divide layers cannot read each other's memory; `model_args` are what catalogs say of
    the model and may, `dropped` what they may not; `extra_args` and `extra_env` are what the user added;
    `kernel_env` is what kernels of this version need on this GPU. `libraries` are the distributions that its
    environment must have, of a backend whose environments differ in that.
    """

    backend: str
    backend_version: str | None = None
    libraries: tuple[str, ...] = ()
    mode: Mode = "standard"
    task: Task = "chat"
    quantization: str | None = None
    source: Source = "huggingface"
    repo_id: str = ""
    revision: str | None = None
    gpu_indices: tuple[int, ...] = ()
    gpu_uuids: tuple[str, ...] = ()
    gpu_name: str | None = None
    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    data_parallel: int = 1
    stage_layers: tuple[int, ...] = ()
    expert_parallel: bool = False
    dtype: str | None = None
    max_model_len: int | None = None
    max_num_seqs: int | None = None
    kv_cache_dtype: str | None = None
    gpu_memory_utilization: float | None = None
    speculative: Mapping[str, Any] | None = None
    memory_per_gpu: MemoryPerGpu = field(default_factory=MemoryPerGpu)
    offload: Offload | None = None
    arithmetic: tuple[MemoryLine, ...] = ()
    kv_cache_tokens: int | None = None
    max_concurrency: float | None = None
    estimated: Estimated = field(default_factory=Estimated)
    argv: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    load_quantization: str | None = None
    enforce_eager: bool = False
    custom_all_reduce: bool = True
    trust_remote_code: bool = False
    beside: tuple[ModelInProcess, ...] = ()
    adapters: tuple[Adapter, ...] = ()
    model_args: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    extra_args: tuple[str, ...] = ()
    extra_env: Mapping[str, str] = field(default_factory=dict)
    kernel_env: Mapping[str, str] = field(default_factory=dict)
    allowed_env: tuple[str, ...] = ()
    explicit: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    def uses(self, gpu: Gpu) -> bool:
        """Whether it is one of its GPUs: MIG slices share an index, so that a UUID counts more."""
        return gpu.uuid in self.gpu_uuids if gpu.uuid and self.gpu_uuids else gpu.index in self.gpu_indices


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejection(Candidate):
    """A candidate that was not taken: a stable `code`, the sentence, and the bytes on each side of it."""

    code: str = "no_fit"
    reason: str = ""
    needed_bytes: int | None = None
    available_bytes: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    model: str
    hardware: Hardware
    feasible: bool
    chosen: Candidate | None = None
    alternatives: tuple[Candidate, ...] = ()
    rejected: tuple[Rejection, ...] = ()
    hints: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
