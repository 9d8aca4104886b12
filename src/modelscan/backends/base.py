"""The values that pass between a backend and the rest of the program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from modelscan.dataclasses import dataclass, field
from modelscan.model import Device, Task

if TYPE_CHECKING:  # a supervisor knows launches, and counts nothing
    from modelscan.weights.counting.sizes import Sized


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """One more model of the same process: where its weights lie, its public names, and what its entry says of it."""

    location: str
    served_model_names: tuple[str, ...]
    task: Task = "chat"
    words: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Launch:
    """What is known only when a candidate is started: where the weights lie, the port, the public names.

    `program` is the executable to run instead of the backend's plain name. In `own_folder` it may keep files for as
    long as the deployment is known. `api_key_env` names the variable that
    holds the key; the key itself is never here.

    `projector` is the file with the tower of a model that sees, for a backend that is given files. `adapters` are the
    places of the candidate's, by their names. `socket` is a Unix socket to listen on instead of host and port, `sleep`:
    it shall be able to sleep, `beside` are models for the same process: for the backends whose `Runs` says that they
    can.
    """

    location: str
    served_model_names: tuple[str, ...]
    port: int = 8080
    host: str = "127.0.0.1"
    program: str | None = None
    api_key_env: str | None = None
    own_folder: str | None = None
    device: Device = "cuda"
    projector: str | None = None
    socket: str | None = None
    sleep: bool = False
    beside: tuple[Served, ...] = ()
    adapters: Mapping[str, str] = field(default_factory=dict)


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
    """What one line of a backend's log says: a phase with progress, or a measured figure.

    `piece` names the part that the bytes are of, where a log has them part by part: of each its last word counts, and
    all together are what it takes, `on_host` ones of the host's memory.
    """

    phase: str | None = None
    fraction: float | None = None
    detail: str | None = None
    kv_cache_tokens: int | None = None
    max_concurrency: float | None = None
    weights_bytes: int | None = None
    kv_cache_bytes: int | None = None
    activations_bytes: int | None = None
    graphs_bytes: int | None = None
    piece: str | None = None
    on_host: bool = False


# In the hints of a diagnosis, which knows the log and not the deployment: what was asked for when it was deployed, and
# half of its context length. `deployments/again.py` puts the words in their place.
AGAIN = "…"
HALF = "HALF"


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """Why a backend died: one sentence, the line of its log that says so, and commands or changes that help.

    `suggested` holds derived values such as `{"context_length": 640}`; `wants_relief` says that it may come up
    with less memory, as the backend's `Runs.relieved` has it.
    """

    cause: str
    evidence: str | None = None
    hints: tuple[str, ...] = ()
    suggested: Mapping[str, int | float | str] = field(default_factory=dict)
    wants_relief: bool = False


@dataclass(frozen=True, slots=True)
class Activity:
    """What a backend's metrics say of its work: the requests it has, running or waiting, and a count that grows with
    every step that brings one of them forward.
    """

    requests: int
    work: float


# The distribution that tells whether an environment can read weights from S3.
STREAMER = "runai-model-streamer-s3"


@dataclass(frozen=True, kw_only=True, slots=True)
class Speculation:
    """Drafting that was asked for: so many tokens a step, None where the backend chooses. `own_layers`: by layers that
    the model has for it.
    """

    method: str
    tokens: int | None
    own_layers: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Extra:
    """A package that a backend also runs without. `lost` says what it does not do then, `way` how to have it after all.

    A package that is there and does not import can end the program that looks for it, so `module` is imported.
    """

    requirement: str
    module: str
    lost: str
    way: str

    @property
    def name(self) -> str:
        """The distribution, which is called as its module is."""
        return self.module.replace("_", "-")


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """One way to an environment.

    `origin` is said to people and kept in the record. `index` is asked before all others. `torch_backend` is uv's
    word for one of PyTorch's own indexes. `disk_bytes` was measured for CPU (2 GiB and what is downloaded) and is
    an estimate for CUDA. `pinned` are the distributions whose versions the record names.
    `alias` is (name, version) of a distribution to be announced beside what is installed. `serving` is the program of
    ours (`modelscan_serving.NAME`) that it is started by, where it brings none. `python_range` are the first
    and the last minor version of Python that it runs on. `torch` is the version of torch that it needs, where that is
    known before anything was resolved, `min_cuda` the CUDA that it was built for. `extras` are added to what these
    made, and never a reason for it to fail. `variant` is the backend's word for an environment that has less, `check`
    Python that fails where its packages do not load, for one whose program does not load them to say its version.
    """

    backend: str
    version: str
    device: Device
    origin: str
    requirements: tuple[str, ...]
    disk_bytes: int
    pinned: tuple[str, ...]
    python_range: tuple[tuple[int, int], tuple[int, int]]
    overrides: tuple[str, ...] = ()
    index: str | None = None
    torch_backend: str | None = None
    alias: tuple[str, str] | None = None
    serving: str | None = None
    torch: str | None = None
    min_cuda: float | None = None
    extras: tuple[Extra, ...] = ()
    variant: str | None = None
    check: str | None = None

    @property
    def name(self) -> str:
        return "-".join(part for part in (self.backend, self.variant, self.version, self.device) if part)

    @property
    def command(self) -> str:
        """What installs it, without a version."""
        return f"modelscan backend install {self.backend}" + (f" --variant {self.variant}" if self.variant else "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Addition:
    """Packages that give an environment what it lacks, without anything in it being changed.

    `by_hand` are the same for `pip install --no-deps`, for an environment that is not ours. `check` is Python that
    fails where they do not load.
    """

    recipe: Recipe
    by_hand: tuple[str, ...]
    check: str


@dataclass(frozen=True, slots=True)
class AdapterRoom:
    """What a start keeps free for adapters: `places` for one of `rank` beside each of `modules` as PEFT names them, or
    beside every matrix of the model where that is None.
    """

    rank: int
    places: int
    modules: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Capacity:
    """`tokens` as the backend's log prints them: for mixed layers that may be requests times their length."""

    tokens: int
    concurrency: float


@dataclass(frozen=True, slots=True)
class Steps:
    """`tokens` in a prefill step, `sequences` sampled at once; `captured` batch sizes have a CUDA graph of each layer,
    `whole` of them also one of the whole step.
    """

    tokens: int
    sequences: int
    captured: int
    whole: int = 0


@dataclass(frozen=True, slots=True)
class Cut:
    """How a pool of KV cache is cut: the bytes that its blocks or tokens take, and how many of which size, in words."""

    used: int
    how: str


@dataclass(frozen=True, slots=True)
class Working:
    """The memory that a step computes in: of each GPU, and of the host beside them; `alone` is the host's without."""

    gpu: Sized
    host: Sized
    alone: Sized
