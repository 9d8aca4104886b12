"""What a backend can do for us. It has `Runs`, and of the others those that it can be asked for.

All of them are values and functions of values: who starts, asks and installs is `targets` and `environments`. A class
that inherits from one of these has its defaults.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from modelscan.backends.base import (
    Activity,
    AdapterRoom,
    Addition,
    Capacity,
    CommandLine,
    Cut,
    Diagnosis,
    KeyHandover,
    Launch,
    LogEvent,
    Recipe,
    Speculation,
    Steps,
    Working,
)
from modelscan.backends.builds import Build
from modelscan.model import Adapter, Architecture, Candidate, Device, Gpu, Handling, Installation, Task

if TYPE_CHECKING:  # a supervisor asks how to run, and counts nothing
    from modelscan.weights.counting.sizes import Sized


class Runs(Protocol):
    """How it is started, and what it can be started for."""

    # What a catalog may say of a model, and the values it may take; for a parser, the planned version's own names.
    model_arguments: Mapping[str, frozenset[str]] = {}
    implied_arguments: frozenset[str] = frozenset()  # what a catalog says besides, and follows from those
    variables: frozenset[str] = frozenset()  # of the environment that it may be given, beside those that all share
    cautions: tuple[str, ...] = ()  # what a user should know before it runs, and cannot be configured away
    s3_problem: str | None = "it has no reader for it"  # why it does not read weights from S3; None where it does
    step_argument: str | None = None  # how many tokens it computes at once
    stage_variable: str | None = None  # the variable that says how many layers each stage of a pipeline gets
    whole_experts: str | None = None  # the switch that deals out experts whole; None where that is not planned for
    refuses_unstable_float16: bool = False  # whether it refuses families that float16 does not suit
    cache_dtypes: frozenset[str] = frozenset()  # those of its KV cache that other backends have not
    formats: frozenset[str] | None = None  # those of files that it reads; None: all, but for what plugins bring
    takes_file: bool = False  # whether it is given the first file of weights, and not their folder
    plugins: Mapping[str, str] = {}  # formats of weights that only a plugin brings to it
    divides: bool = True  # whether it divides a model among GPUs
    over_socket: bool = False  # whether it listens on `Launch.socket` where there is one
    sleeps_by: tuple[str, str] | None = None  # what is posted to put it to sleep, and to wake it
    holds_to_schemas: bool = True  # whether an answer can be bound to a schema; where not, a model's entry says
    # The distribution that reads weights of a format, where an environment of it may have one and lack another.
    libraries: Mapping[str, str] = {}
    # The schemes that files of a format are computed in on a device, whatever they are stored in, the usual one first.
    # A format that stands here runs on no other device.
    computes: Mapping[str, Mapping[Device, tuple[str, ...]]] = {}
    complete: frozenset[Task] = frozenset()  # tasks of which it gives every answer that OpenAI's API has
    leaves_out: Mapping[Task, str] = {}  # what of those it does not give; the words follow on `without`
    several: bool = False  # whether one process serves `Launch.beside` too

    @abstractmethod
    def command_line(self, candidate: Candidate, launch: Launch) -> CommandLine:
        """The exact command for a candidate. Raises Usage for an argument that is refused."""

    @abstractmethod
    def check_arguments(self, arguments: Sequence[str], env: Mapping[str, str], allowed: Collection[str] = ()) -> None:
        """Raise Usage, naming the argument, for one that would take host, port, keys, paths or code from us.

        `allowed` are the variables that the user has allowed beyond the lists.
        """

    @abstractmethod
    def hand_key(self, key: str) -> KeyHandover:
        """For a deployment with a key. Raises Usage for one that the backend could not be told."""

    @abstractmethod
    def serves(self, task: Task) -> bool: ...

    def shape_problem(self, shape: Architecture) -> str | None:  # noqa: ARG002  for most none is known
        """Why it cannot serve models of a shape for the task they are for; the sentence goes on after its name."""
        return None

    def may_be_said(self, name: str, value: str, task: Task) -> bool:  # noqa: ARG002  for some it matters
        """Whether a catalog may give an argument this value, for a model of the task; parsers are judged by version."""
        return value in self.model_arguments.get(name, frozenset())

    def words_of_the_model(self, task: Task, defaults: Mapping[str, float], pooling: str | None) -> tuple[str, ...]:  # noqa: ARG002  it has words for none
        """Arguments, each in one word, for what a model's entry says: `defaults` where a request is silent, and the
        `pooling` of its embeddings. Only those that a request overrides.
        """
        return ()

    def sleep_problem(self, device: Device) -> str | None:  # noqa: ARG002  it sleeps on none
        """Why it cannot give a device's memory back and take it again without being started anew; None where it can."""
        return "it has no sleep mode"

    def words_of_the_handling(self, handling: Handling) -> tuple[str, ...]:  # noqa: ARG002  it has words for none
        """The same for what an entry says of the class that serves its model."""
        return ()

    def words_of_the_class(self, root: str, sha256: str) -> tuple[str, ...]:  # noqa: ARG002  it runs none
        """The same for a class of the user's own that was agreed to: the folder its path begins at, and the hash of
        its file.
        """
        return ()

    def health_path(self) -> str:
        return "/health"

    def relieved(self, argv: Sequence[str]) -> tuple[tuple[str, ...], str] | None:  # noqa: ARG002  where nothing is
        """A command line that takes less of the GPUs' memory for the same service, and in words what was changed: to be
        tried once where a diagnosis wants relief. None where there is none.
        """
        return None


class Pool(Protocol):
    """How the KV cache lies on one GPU."""

    def request_bytes(self, context: int, in_flight: int) -> int:
        """Of one request; `in_flight` are the tokens that are scheduled and not settled yet. A plan counts at least
        what keys and values of the shape take.
        """
        ...

    def capacity(self, pool: int, context: int, in_flight: int) -> Capacity: ...

    def most_requests(self, pool: int) -> int | None:
        """The most concurrent requests with which a start does not end, where CUDA graphs are captured; None where
        the pool sets no such limit.
        """
        ...

    def cut(self, pool: int) -> Cut: ...


class Estimates(Protocol):
    """What it takes of a device. A backend without this manages its memory by itself, and a plan says so."""

    # Whether the share of a GPU that it is told holds all it takes, or weights and KV cache only.
    share_holds_all: bool = True
    sequences_within_step: bool = False  # whether it refuses more requests at once than tokens in a step

    @abstractmethod
    def pool(
        self,
        shape: Architecture | None,
        *,
        tensor_parallel: int,
        pipeline_parallel: float,
        number: float,
        drafted: int = 0,
    ) -> Pool | None:
        """`number` is the size of one number in it, `pipeline_parallel` no whole number where stages are unequal,
        `drafted` the tokens that are drafted for a request in a step. None where the model keeps no cache.
        """

    @abstractmethod
    def steps(
        self,
        gpu: Gpu,
        total_bytes: int,
        *,
        tensor_parallel: int,
        sequences: int | None,
        tokens: int | None,
        drafted: int = 0,
    ) -> Steps:
        """Its defaults on a GPU; `tokens` and `sequences` where they are fixed."""

    @abstractmethod
    def sampling_bytes(self, version: str | None, *, on_gpu: bool) -> float:
        """Of one sequence and word of the vocabulary."""

    def speculation(self, arguments: Sequence[str]) -> Speculation | None:  # noqa: ARG002  where none is counted
        """What arguments ask it to draft. Raises Usage for a setting that cannot be read."""
        return None

    @abstractmethod
    def fixed_overhead(self, device: Device) -> int:
        """Bytes beside weights, KV cache and activations: context, libraries, graphs; with the source in the code."""


class Offloads(Protocol):
    """What it takes where it holds some of a model on GPUs and the rest in the host's memory. One with this has no
    `Estimates`: its memory is planned layer by layer.
    """

    best_first: tuple[str, ...] = ()  # the quantizations that it is given where nobody says, the best first
    step: int = 512  # the tokens that it computes at once

    @abstractmethod
    def number_bytes(self, cache_type: str | None) -> float | None:
        """Of one number in the KV cache; `None` for a type that it does not have."""

    @abstractmethod
    def cache_bytes(self, shape: Architecture, context: int, requests: int, number: float) -> Mapping[str, int]:
        """What one layer of each kind of `layer_types` keeps for so many requests, each `context` long."""

    @abstractmethod
    def working(self, shape: Architecture, context: int, requests: int) -> Working:
        """What a step computes in."""

    @abstractmethod
    def fixed_overhead(self, device: Device) -> Sized:
        """Of the device beside weights, cache and working memory: context, libraries."""

    @abstractmethod
    def staged_bytes(self, experts_bytes: int) -> int:
        """What of a layer's experts that stay on the host passes through the GPU's memory at once."""


class Occupies(Protocol):
    """What it takes of a device beside the weights, where it manages its memory by itself. One with this has no
    `Estimates`; without either only its weights are counted.
    """

    @abstractmethod
    def process(self, task: Task, device: Device, form: str | None) -> Sized:
        """What its process takes whatever the model is; `form` is the format of its weights."""

    @abstractmethod
    def working(self, task: Task, weights_bytes: int, form: str | None) -> Sized:
        """What one request takes while it is computed."""


class Adapts(Protocol):
    """How it serves adapters (LoRA) beside the model that they go on top of. Without this it serves none."""

    formats: frozenset[str] = frozenset({"peft"})
    needs_gpu: bool = False

    @abstractmethod
    def problem(self, adapters: Sequence[Adapter], task: Task, shape: Architecture | None) -> str | None:
        """Why it cannot serve them; the sentence goes on after its name."""

    @abstractmethod
    def room(self, adapters: Sequence[Adapter]) -> AdapterRoom | None:
        """None where it takes what their files hold, and no more."""

    @abstractmethod
    def asks_for(self, name: str, number: int, model: str) -> Mapping[str, Any]:
        """What a request says in its body to be answered with an adapter, the `number`th, on top of `model`."""


class Explains(Protocol):
    """What it says of itself while it runs, and why it ended."""

    metrics_path: str | None = "/metrics"

    def read_log_line(self, line: str) -> LogEvent | None: ...

    def read_metrics(self, text: str) -> Activity | None:
        """Of the answer at `metrics_path`; None where it does not say enough."""
        ...

    def diagnose(self, log_tail: str, exit_code: int | None) -> Diagnosis: ...


class Installs(Protocol):
    """How modelscan makes an environment with it. `variants` are smaller ones, each a way of its name in the table of
    builds: the distribution that it has, of those in `Runs.libraries`.
    """

    variants: Mapping[str, str] = {}

    @abstractmethod
    def recipes(self, way: str, version: str, build: Build) -> tuple[Recipe, ...]:
        """A way that the table of builds names, for a version; several where it can be tried from several places."""

    def why_not(self, device: Device) -> str:
        """In words, where there is no recipe for a device."""
        return f"no build of it for {device} is known that installs by itself"

    def s3_reader(self, installation: Installation) -> Addition | None:  # noqa: ARG002  where nothing does
        """What gives an environment the reading of weights from S3; None where nothing does."""
        return None


class Probes(Protocol):
    """How an installation is known. Its program is asked where its Python does not know its distributions."""

    program: str  # the executable
    distributions: tuple[str, ...] = ()  # of Python, worth knowing; none for a program that is no Python
    libraries: tuple[str, ...] = ()  # those of them of which one suffices for some models
    version_arguments: tuple[str, ...] = ("--version",)
    device_arguments: tuple[str, ...] = ()  # what it is asked for its devices, where its version does not say them

    @abstractmethod
    def version(self, versions: Mapping[str, str]) -> str | None:
        """Of the distributions that are there. None: the program is to be asked."""

    def is_broken(self, versions: Mapping[str, str]) -> bool:  # noqa: ARG002  where none can be
        """Whether those say that the program cannot start."""
        return False

    @abstractmethod
    def read_version(self, answer: str) -> str | None:
        """Of what the program answered: on its standard output, or, where that is silent, as an error."""

    def read_device(self, answer: str) -> Device | None:  # noqa: ARG002  where it does not say
        """What it runs on, of all that the program said beside its version; None: by its version."""
        return None

    @abstractmethod
    def device(self, versions: Mapping[str, str]) -> Device:
        """What it runs on, by the versions of all that was asked for."""
