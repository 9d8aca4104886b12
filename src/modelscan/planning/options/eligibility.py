"""Which backend, in which version, and whether it can run on these devices at all."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from modelscan.backends.backend import Backend
from modelscan.backends.registry import BACKENDS
from modelscan.hardware.nvidia.drivers import driver_for
from modelscan.model import Device, Gpu, GpuLink, Hardware, Installation, Model, PlanRequest, Task, WeightsDescription
from modelscan.planning.options.concurrency import POOLING
from modelscan.planning.options.facts import PlanningFacts
from modelscan.planning.options.setting import Setting
from modelscan.weights.reading.selection import STANDING_ALONE, form_title

_OF_TEXTS: frozenset[Task] = frozenset({"chat", "completion", "embed", "rerank"})


def preferred_backend(
    options: Sequence[WeightsDescription],
    devices: Sequence[Gpu],
    device: Device,
    request: PlanRequest,
    facts: PlanningFacts,
    task: Task,
) -> tuple[str, str]:
    """The backend and why: the usual one, but for what only another does and for what another says it leads in."""
    if request.backend is not None:
        return request.backend, f"{request.backend}, as asked"
    if (only := _only_one(options, task, request)) is not None:
        return only
    usual = BACKENDS.usual
    latent = any(item.architecture is not None and item.architecture.kv_lora_rank for item in options)
    behind = []
    for backend in BACKENDS.values():
        for lead in (lead for lead in backend.about.leads if lead.mode in {None, request.mode}):
            if lead.without_gpu:
                if not devices and lead.task == task and _hears(backend, lead.model_types, options, request, facts):
                    return backend.name, f"{backend.name}, {lead.why}"
                continue
            row = facts.build(backend.name, device)
            if row is None or not devices or not all(row.runs_on(gpu) for gpu in devices):
                behind.append(f"{backend.name} has no build for this device")
            elif lead.latent_attention and not latent:
                behind.append(lead.otherwise)
            else:
                return backend.name, f"{backend.name}, {lead.why}"
    return usual.name, "; ".join([f"{usual.name}, {usual.about.usual}", *behind])


def _hears(
    backend: Backend,
    model_types: Collection[str],
    options: Sequence[WeightsDescription],
    request: PlanRequest,
    facts: PlanningFacts,
) -> bool:
    """Whether it serves some of these on a CPU, and all else that was asked for beside them."""
    if facts.build(backend.name, "cpu") is None or (request.found_adapters and backend.adapts is None):
        return False
    of_it = [item for item in options if item.architecture is not None and item.architecture.model_type in model_types]
    return _serves(backend, of_it)


def _only_one(options: Sequence[WeightsDescription], task: Task, request: PlanRequest) -> tuple[str, str] | None:
    """The first backend for what the usual one cannot do: read from S3, read files of a format, serve a task, read
    adapters of a format.
    """
    formats = {item.format for item in options if item.format is not None}
    if any(item.source == "s3" for item in options):
        reader = next(backend.name for backend in BACKENDS.values() if backend.runs.s3_problem is None)
        return reader, f"{reader}, which reads weights from S3 directly"
    alone = len(formats) == 1 and all(item.format for item in options)
    if alone and (formats <= STANDING_ALONE or not formats.isdisjoint(BACKENDS.usual.runs.plugins)):
        reads = (name for name, backend in BACKENDS.items() if formats <= (backend.runs.formats or frozenset()))
        if (name := next(reads, None)) is not None:
            libraries = dict.fromkeys(filter(None, (library_of(name, item) for item in options)))
            by = f" with {' and '.join(libraries)}" if libraries else ""
            return name, f"{name}, which reads {' and '.join(map(form_title, sorted(formats)))} files{by}"
    forms = {item.format for item in request.found_adapters}
    if forms and not _reads(BACKENDS.usual, forms):
        other = next((backend.name for backend in BACKENDS.values() if _reads(backend, forms)), None)
        if other is not None:
            return other, f"{other}, which reads these adapters"
    if not BACKENDS.usual.runs.serves(task):
        other = next((backend.name for backend in BACKENDS.values() if backend.runs.serves(task)), None)
        if other is not None:
            return other, f"{other}, which serves {task} models"
    problems = [shape_problem(BACKENDS.usual, item) for item in options]
    if problems and all(problems):
        able = (name for name, backend in BACKENDS.items() if backend.runs.serves(task) and _serves(backend, options))
        if (other := next(able, None)) is not None:
            return other, f"{other}, as {problems[0]}"
    return None


def serves_shape(backend: Backend, weights: WeightsDescription) -> bool:
    """Whether it reads the files, and serves what they are."""
    return _serves(backend, [weights])


def _serves(backend: Backend, options: Sequence[WeightsDescription]) -> bool:
    """Whether it reads the files of some of them, and serves their shape."""
    formats = backend.runs.formats
    return any((not formats or item.format in formats) and not shape_problem(backend, item) for item in options)


def shape_problem(backend: Backend, weights: WeightsDescription) -> str | None:
    """Why a backend cannot serve what is of this shape, in a sentence."""
    shape = weights.architecture
    problem = backend.runs.shape_problem(shape) if shape is not None else None
    return None if problem is None else f"{backend.title} {problem}"


def _reads(backend: Backend, forms: Collection[str]) -> bool:
    """Whether it serves adapters in all of these formats."""
    return backend.adapts is not None and backend.adapts.formats.issuperset(forms)


# What is asked of the backend that is taken first, and means nothing to one that lays out layers by itself.
_OF_THE_FIRST = ("backend", "backend_version", "backend_args", "tensor_parallel", "pipeline_parallel", "dtype", "env")


def backends_to_weigh(options: Sequence[WeightsDescription], request: PlanRequest, first: str) -> tuple[str, ...]:
    """Beside the one that is taken first, those that can keep a part of some of the weights in the host's memory; none
    where what was asked for is the first one's, or is throughput, for which a host's memory is too slow.
    """
    if request.mode == "throughput" or any(getattr(request, name) for name in _OF_THE_FIRST):
        return ()
    formats = {item.format for item in options} - {None}
    return tuple(
        backend.name
        for backend in BACKENDS.values()
        if backend.name != first and (backend.runs.formats or frozenset()) & formats and backend.offloads is not None
    )


def _only_on_gpus(request: PlanRequest) -> tuple[str, str] | None:
    """What was fixed and has no meaning without a GPU."""
    counts = {
        "--gpus": request.gpu_count,
        "--tensor-parallel": request.tensor_parallel,
        "--pipeline-parallel": request.pipeline_parallel,
        "--gpu-memory-utilization": request.gpu_memory_utilization,
    }
    asked = [f"{option} {value}" for option, value in counts.items() if value is not None and value != 1]
    asked += ["--gpus 1"] if request.gpu_count == 1 else []
    return ("no_gpu", f"no GPU is used, but {' and '.join(asked)} was asked") if asked else None


def without_access(gpus: Sequence[Gpu], links: Sequence[GpuLink], facts: PlanningFacts) -> bool:
    """Whether some of these GPUs cannot read each other's memory: the driver says so, or, where it is not here to ask,
    the maker's driver is known not to allow it (GeForce of the 40 and 50 series).

    vLLM 0.33 and SGLang 0.5.23 leave their own all-reduce out where CUDA says so too, but trust what it says: where it
    is wrong they crash or hang (sgl-project/sglang#4814, vllm-project/vllm#51513).
    """
    among = frozenset(gpu.index for gpu in gpus)
    reported = [link.p2p for link in links if among.issuperset(link.gpus)]
    if any(answer is not None for answer in reported):
        return False in reported
    known = [facts.gpu(gpu) for gpu in gpus]
    return len(gpus) > 1 and any(found is not None and "no P2P" in found.interconnect for found in known)


def have_nvlink(gpus: Sequence[Gpu], links: Sequence[GpuLink]) -> bool:
    """Whether the driver says that NVLink connects each of them to each: a bridge between cards that can do without."""
    among = frozenset(gpu.index for gpu in gpus)
    found = [link.nvlink for link in links if among.issuperset(link.gpus)]
    return len(gpus) > 1 and len(found) == len(gpus) * (len(gpus) - 1) // 2 and all(found)


def task_of(model: Model | None, options: Sequence[WeightsDescription]) -> Task:
    """What it is for, where nobody asks for something else."""
    return model.task if model is not None else next((item.task for item in options if item.task), "chat")


def task_problem(asked: Task, own: Task, options: Sequence[WeightsDescription]) -> str | None:
    """Why a model that is for `own` cannot be served for what is asked. What a text means to a model that generates
    can be used too; an encoder does not generate.
    """
    if own in {asked, "other"}:
        return None
    if asked not in _OF_TEXTS or own not in _OF_TEXTS:
        return f"is for {own}, and cannot be served for {asked}"
    encodes = any(item.architecture is not None and item.architecture.family.encoder for item in options)
    return (
        f"is an encoder: it generates no text, and cannot be served for {asked}"
        if (encodes and asked not in POOLING)
        else None
    )


def planned_version(
    backend: str,
    device: Device,
    facts: PlanningFacts,
    installations: Sequence[Installation],
    library: str | None = None,
) -> str | None:
    """The version that would run: what the user has, then what modelscan installed, then the one it would install; of
    an environment with that library.
    """
    fitting = [item for item in installations if item.backend == backend and item.device == device]
    fitting = [item for item in fitting if library is None or library in item.requirements]
    found = min(fitting, key=lambda item: item.managed, default=None)
    if found is not None:
        return found.version
    row = facts.build(backend, device)
    if row is None:
        return None
    variant = BACKENDS[backend].variant_with([library] if library is not None else ())
    return dict(row.installs).get(variant or "", row.version)


def library_of(backend: str, weights: WeightsDescription) -> str | None:
    """The distribution that reads these weights, of a backend whose environments may have one and lack another."""
    libraries = BACKENDS[backend].runs.libraries
    return libraries.get(weights.format or "") or next(iter(libraries.values()), None)


def libraries_of(backend: str, weights: WeightsDescription) -> tuple[str, ...]:
    library = library_of(backend, weights)
    return () if library is None else (library,)


def only_on_cpu(backend: str, options: Sequence[WeightsDescription]) -> str | None:
    """Why a backend takes the CPU of a machine with GPUs for these; None where it can use those."""
    computes = BACKENDS[backend].runs.computes
    formats = {item.format or "" for item in options}
    if not formats or any(computes.get(item, {}).keys() != {"cpu"} for item in formats):
        return None
    return f"{backend}, which runs {' and '.join(map(form_title, sorted(formats)))} files on the CPU"


def reading_problem(backend: str, weights: WeightsDescription) -> tuple[str, str] | None:
    """Code and reason where the backend cannot read the weights from where they are, or serve their shape."""
    if (unable := shape_problem(BACKENDS[backend], weights)) is not None:
        return "task_not_served", unable
    problem = BACKENDS[backend].runs.s3_problem if weights.source == "s3" else None
    if problem is None:
        return None
    return "not_streamed", f"{BACKENDS[backend].title} does not read weights from S3 directly: {problem}"


def readable(backend: str, options: Sequence[WeightsDescription], request: PlanRequest) -> Sequence[WeightsDescription]:
    """Those in a format that the backend reads; all where it reads none, or one is asked for, so that it is said.

    A class of the user's own is given Hugging Face's files, for which it was written, where there are such.
    """
    formats = BACKENDS[backend].runs.formats
    others = STANDING_ALONE | BACKENDS[backend].runs.plugins.keys()
    kept = [item for item in options if (item.format in formats if formats else item.format not in others)]
    if request.handling is not None and request.handling.handler is not None:
        kept = [item for item in kept if item.format not in STANDING_ALONE] or kept
    said = request.quantization is not None and not formats
    return options if said else kept or options


def backend_problem(
    setting: Setting, devices: Sequence[Gpu], hardware: Hardware, installations: Sequence[Installation]
) -> tuple[str, str] | None:
    """Code and reason where the backend cannot run the task, or cannot run on these devices at all."""
    row = setting.facts.build(setting.backend, setting.device)
    if setting.task != "other" and not BACKENDS[setting.backend].runs.serves(
        setting.task
    ):  # other: nobody has said which
        return "task_not_served", f"{setting.backend} does not serve {setting.task} models"
    installed = any(item.backend == setting.backend and item.device == setting.device for item in installations)
    if row is None:  # what the user built is theirs to judge
        return None if installed else ("no_backend", f"{setting.backend} has no build for {setting.device}")
    if not devices:
        return _only_on_gpus(setting.request)
    for gpu in devices:
        if not row.runs_on(gpu):
            detail = gpu.compute_capability or gpu.gfx_target
            ended = next(setting.facts.faults.of("refused", setting.backend, row.version, gpu, "", None), None)
            why = f": {ended.sentence}" if ended is not None else ""
            return "no_kernel", f"{setting.backend} {row.version} has no machine code for {gpu.name} ({detail}){why}"
    cuda = hardware.cuda_version
    if not installed and row.min_cuda is not None and cuda is not None and float(cuda) < row.min_cuda:
        oldest = f", {needed} or newer" if (needed := driver_for(row.min_cuda)) else ""
        this = f"the installed one, {hardware.driver_version}," if hardware.driver_version else "the installed one"
        what = f"{setting.backend} {row.version} needs a driver for CUDA {row.min_cuda:g}{oldest}"
        return "driver_too_old", f"{what}; {this} is for {cuda}"
    return None
