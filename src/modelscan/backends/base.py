"""What a backend is to the rest of the program: one module that satisfies `Backend`. Pure: values in, values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from modelscan.model import Candidate, Device, MemoryPerGpu, Task


@dataclass(frozen=True, kw_only=True, slots=True)
class Launch:
    """What is known only when a candidate is started: where the weights lie, the port, the public names.

    `program` is the executable to run instead of the backend's plain name. In `own_folder` it may keep files for as
    long as the deployment is known. `api_key_env` names the variable that
    holds the key; the key itself is never here.
    """

    location: str
    served_model_names: tuple[str, ...]
    port: int = 8080
    host: str = "127.0.0.1"
    program: str | None = None
    api_key_env: str | None = None
    own_folder: str | None = None
    device: Device = "cuda"


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandLine:
    """`argv` and the environment to add. `dropped` says what was left out of a catalog's arguments and why."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyHandover:
    """How a backend is told the key that its callers must have: in variables, or in files (0600) of the folder that it
    runs in, called `key.…`. Never on its command line, which every user of a machine can read.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class LogEvent:
    """What one line of a backend's log says: a phase with progress, or a measured figure."""

    phase: str | None = None
    fraction: float | None = None
    detail: str | None = None
    kv_cache_tokens: int | None = None
    max_concurrency: float | None = None
    weights_bytes: int | None = None
    kv_cache_bytes: int | None = None
    graphs_bytes: int | None = None


# In the hints of a diagnosis, which knows the log and not the deployment: what was asked for when it was deployed, and
# half of its context length. `deployments/again.py` puts the words in their place.
AGAIN = "…"
HALF = "HALF"


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """Why a backend died: one sentence, the line of its log that says so, and commands or changes that help.

    `suggested` holds derived values such as `{"context_length": 640}`.
    """

    cause: str
    evidence: str | None = None
    hints: tuple[str, ...] = ()
    suggested: Mapping[str, int | float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Activity:
    """What a backend's metrics say of its work: the requests it has, running or waiting, and a count that grows with
    every step that brings one of them forward.
    """

    requests: int
    work: float


class Backend(Protocol):
    """One inference server. Facts that depend on its version are tables inside its module, with their source."""

    name: str
    title: str
    # What a catalog may say of a model, and the values it may take; for a parser, the planned version's own names.
    model_arguments: Mapping[str, frozenset[str]]
    implied_arguments: frozenset[str]  # what a catalog says besides, and follows from those
    cautions: tuple[str, ...]  # what a user should know before it runs, and cannot be configured away
    s3_problem: str | None  # why it is not let read weights from S3 by itself; None where it is
    step_argument: str  # how many tokens it computes at once
    whole_experts: str | None  # the switch that deals out experts whole; None where that is not planned for
    not_in_float16: frozenset[str]  # families that it refuses to compute in float16
    derived_options: Mapping[str, str]  # its arguments for the values that a `Diagnosis` suggests

    def command_line(self, candidate: Candidate, launch: Launch) -> CommandLine:
        """The exact command for a candidate. Raises Usage for an argument that is refused."""
        ...

    def check_arguments(self, arguments: Sequence[str], env: Mapping[str, str]) -> None:
        """Raise Usage, naming the argument, for one that would take host, port, keys, paths or code from us."""
        ...

    def hand_key(self, key: str) -> KeyHandover:
        """For a deployment with a key. Raises Usage for one that the backend could not be told."""
        ...

    def serves(self, task: Task) -> bool: ...

    def health_path(self) -> str: ...

    def read_log_line(self, line: str) -> LogEvent | None: ...

    def read_metrics(self, text: str) -> Activity | None:
        """Of the answer of /metrics; None where it does not say enough."""
        ...

    def diagnose(self, log_tail: str, exit_code: int | None) -> Diagnosis: ...

    def fixed_overhead(self, device: Device, memory: MemoryPerGpu) -> int:
        """Bytes beside weights, KV cache and activations: context, libraries, graphs; with the source in the code."""
        ...


PYTHON_RANGE = ((3, 11), (3, 14))  # requires-python of vllm 0.33.0: >=3.11,<3.15


# The distribution that tells whether an environment can read weights from S3.
STREAMER = "runai-model-streamer-s3"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """One way to an environment.

    `origin` is said to people and kept in the record. `index` is asked before all others. `torch_backend` is uv's
    word for one of PyTorch's own indexes. `disk_bytes` was measured for CPU (2 GiB and what is downloaded) and is
    an estimate for CUDA. `pinned` are the distributions whose versions the record names.
    `alias` is (name, version) of a distribution to be announced beside what is installed.
    """

    backend: str
    version: str
    device: Device
    origin: str
    requirements: tuple[str, ...]
    disk_bytes: int
    pinned: tuple[str, ...]
    overrides: tuple[str, ...] = ()
    index: str | None = None
    torch_backend: str | None = None
    alias: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        return f"{self.backend}-{self.version}-{self.device}"

    @property
    def python_range(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The first and the last minor version of Python that it runs on."""
        return PYTHON_RANGE


@dataclass(frozen=True, slots=True)
class Capacity:
    """`tokens` as the backend's log prints them: for mixed layers vLLM means requests times their length."""

    tokens: int
    concurrency: float


@dataclass(frozen=True, slots=True)
class Steps:
    """`tokens` in a prefill step, `sequences` at once, `captured` the number of batch sizes with a CUDA graph."""

    tokens: int
    sequences: int
    captured: int
