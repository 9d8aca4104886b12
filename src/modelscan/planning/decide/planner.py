"""The decision: every candidate becomes the plan, an alternative, or a rejection with its reason."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence

from modelscan.backends.registry import BACKENDS
from modelscan.errors import GpuNotFound
from modelscan.model import (
    Candidate,
    Claim,
    Device,
    Gpu,
    Hardware,
    Installation,
    Measurement,
    Model,
    Plan,
    PlanRequest,
    Rejection,
    Task,
    WeightsDescription,
)
from modelscan.planning.decide.candidates import judge, reject
from modelscan.planning.decide.nothing_there import no_layout, nothing_asked_for, nothing_usable
from modelscan.planning.decide.pace import by_pace
from modelscan.planning.options.allowances import ENCODERS, Allowance, allowances
from modelscan.planning.options.budget import Budget, gpu_budget, host_budget
from modelscan.planning.options.context import goal, shortfall
from modelscan.planning.options.eligibility import (
    backend_problem,
    planned_version,
    preferred_backend,
    reading_problem,
    without_access,
)
from modelscan.planning.options.facts import PlanningFacts
from modelscan.planning.options.gpu_filters import admitted
from modelscan.planning.options.layouts import Layout, alike, layouts
from modelscan.planning.options.quantization import Choice, answers, choices
from modelscan.planning.options.setting import Setting
from modelscan.planning.telling.hints import Refused, hints_for
from modelscan.planning.telling.more_gpus import with_more_gpus
from modelscan.weights.counting.bytes import weights_bytes

# Doubling the GPUs is worth it for latency if one request is answered a third faster: a judgement.
_WORTH_DOUBLING = 4 / 3
# More copies exchange less data, but each repeats the attention weights: this much less KV cache is acceptable.
_ENOUGH_ROOM = 2 / 3


def make_plan(
    model: Model | None,
    options: Sequence[WeightsDescription],
    hardware: Hardware,
    request: PlanRequest,
    facts: PlanningFacts,
    installations: Sequence[Installation] = (),
    *,
    measurements: Sequence[Measurement] = (),
    claims: Sequence[Claim] = (),
    reference: str | None = None,
    described: str | None = None,
) -> Plan:
    """What fits a machine best, and why; where nothing fits, what would help.

    `model` is None for weights that no catalog knows; `options` are all weights of it, the released ones first.
    `measurements` are what earlier starts of them took, the newest first: they win over estimates.
    `claims` are of deployments that could be stopped; what of them is outstanding is not free in `hardware`.
    `reference` is the user's name of the model and `described` the `--hardware` that was asked for: hints repeat them.
    Raises GpuNotFound for a GPU that was named and is not there.
    """
    plan = decide(model, options, hardware, request, facts, installations, measurements=measurements)
    if plan.feasible:
        return with_more_gpus(
            plan,
            request,
            options,
            lambda asked: decide(model, options, hardware, asked, facts, installations, measurements=measurements),
        )
    known: list[Sequence[Installation]] = [installations, ()]  # a machine that is only described has none
    here, elsewhere = (
        lambda other, asked, installed=installed: decide(
            model, options, other, asked, facts, installed, measurements=measurements
        )
        for installed in known
    )
    refused = Refused(
        plan=plan,
        request=request,
        options=options,
        claims=claims,
        facts=facts,
        reference=reference or plan.model,
        described=described,
        decide=here,
        elsewhere=elsewhere,
    )
    return dataclasses.replace(plan, hints=hints_for(refused))


def decide(
    model: Model | None,
    options: Sequence[WeightsDescription],
    hardware: Hardware,
    request: PlanRequest,
    facts: PlanningFacts,
    installations: Sequence[Installation] = (),
    *,
    measurements: Sequence[Measurement] = (),
) -> Plan:
    """The plan without hints, for callers that judge many models and need only the answer."""
    fitting: list[tuple[int, int, Candidate]] = []
    rejected: list[Rejection] = []
    allowed = admitted(_devices(hardware, request), request.gpu_filters)
    if (refused := nothing_usable(model, hardware, request, allowed)) is not None:
        return refused
    for devices in _kinds(allowed, request):
        setting = _setting(model, options, devices, _device(devices), request, facts, installations)
        setting = dataclasses.replace(setting, measurements=measurements)
        obstacle = backend_problem(setting, devices, hardware, installations)
        before = len(fitting) + len(rejected)
        own: dict[str, int] = {}
        for number, weights in enumerate(options):
            released = number == 0 and weights.official is True
            for choice in _choices(setting, weights, devices, release=released):
                if not answers(choice, request.quantization):
                    continue
                found, tightened = _judged(setting, choice, devices, hardware, obstacle)
                if isinstance(found, Rejection):
                    rejected.append(found)
                else:
                    # A better format with a short context comes after a lesser one with a useful context.
                    tier = 2 * _shortfall(found, choice, request) + tightened
                    # A third-party packing of the released format needs no less memory: less is known about it.
                    tier = max(tier, own.get(choice.quantization, 0))
                    if released:
                        own[choice.quantization] = tier
                    fitting.append((tier, choice.rank, found))
        if len(fitting) + len(rejected) == before:
            rejected.append(nothing_asked_for(setting, options))
    fitting = by_pace(sorted(fitting, key=lambda item: item[:2]))
    rejected.sort(key=lambda item: (item.needed_bytes or 0) - (item.available_bytes or 0))
    chosen = fitting[0][2] if fitting else None
    return Plan(
        model=model.id if model is not None else request.model,
        hardware=hardware,
        feasible=chosen is not None,
        chosen=chosen,
        alternatives=tuple(candidate for _, _, candidate in fitting[1:]),
        rejected=tuple(rejected),
    )


def _devices(hardware: Hardware, request: PlanRequest) -> tuple[Gpu, ...]:
    """The GPUs that may be used: those that were named, else all but integrated ones beside others."""
    if request.no_gpu:
        return ()
    if request.gpus:
        return tuple(_named(word, hardware) for word in request.gpus)
    discrete = tuple(gpu for gpu in hardware.devices if not gpu.integrated)
    return discrete or hardware.devices


def _kinds(devices: tuple[Gpu, ...], request: PlanRequest) -> list[tuple[Gpu, ...]]:
    """The GPUs by kind, the largest first: each kind is judged for itself. GPUs that were named stay together.

    One without devices is the CPU.
    """
    if not devices or request.gpus:
        return [devices]
    groups = [tuple(group) for group in alike(devices)]
    return sorted(groups, key=lambda group: -(group[0].memory_total_bytes or 0))


def _named(word: str, hardware: Hardware) -> Gpu:
    for gpu in hardware.devices:
        if word == str(gpu.index) or (gpu.uuid is not None and gpu.uuid.lower().startswith(word.lower())):
            return gpu
    known = [str(gpu.index) for gpu in hardware.devices]
    raise GpuNotFound(
        f"there is no GPU `{word}`",
        cause=[f"this machine has {', '.join(known)}" if known else "this machine has none", *hardware.faults],
        hints=["modelscan gpu", "or run on the CPU: --gpu none"],
        details={"known": known},
    )


def _device(devices: Sequence[Gpu]) -> Device:
    if not devices:
        return "cpu"
    return "rocm" if devices[0].vendor == "amd" else "cuda"


def _setting(
    model: Model | None,
    options: Sequence[WeightsDescription],
    devices: Sequence[Gpu],
    device: Device,
    request: PlanRequest,
    facts: PlanningFacts,
    installations: Sequence[Installation],
) -> Setting:
    backend, reason = preferred_backend(options, devices, device, request, facts)
    version = request.backend_version or planned_version(backend, device, facts, installations)
    task: Task = model.task if model is not None else next((item.task for item in options if item.task), "chat")
    return Setting(
        model=model.id if model is not None else request.model,
        task=task,
        backend=backend,
        backend_reason=reason,
        backend_version=version,
        arguments=facts.arguments.adapt(
            request.backend_args, backend=backend, title=BACKENDS[backend].title, version=version
        ),
        device=device,
        request=request,
        facts=facts,
        specs=model.specs if model is not None else (),
        capabilities=model.capabilities if model is not None else None,
        explicit=tuple(
            field.name
            for field in dataclasses.fields(request)
            if field.name != "model" and getattr(request, field.name) != field.default and getattr(request, field.name)
        ),
    )


def _choices(setting: Setting, weights: WeightsDescription, devices: Sequence[Gpu], *, release: bool) -> list[Choice]:
    gpu = min(devices, key=lambda item: float(item.compute_capability or 0)) if devices else None  # the weakest
    sixteen = weights_bytes(weights, "BF16")
    return list(
        choices(
            weights,
            backend=setting.backend,
            version=setting.backend_version,
            device=setting.device,
            gpu=gpu,
            gpu_bytes=(gpu.memory_usable_bytes or gpu.memory_total_bytes) if gpu is not None else None,
            release=release,
            sixteen_bit_bytes=sixteen.estimate if sixteen is not None else None,
            request=setting.request,
            facts=setting.facts,
        )
    )


def _judged(
    setting: Setting,
    choice: Choice,
    devices: Sequence[Gpu],
    hardware: Hardware,
    obstacle: tuple[str, str] | None,
) -> tuple[Candidate | Rejection, bool]:
    """The best layout of one choice: the fewest GPUs with a useful context, else the longest context; or the
    rejection that came nearest. And whether it took more than the usual share of memory.
    """
    base = Candidate(
        backend=setting.backend,
        backend_version=setting.backend_version,
        task=setting.task,
        quantization=choice.quantization,
        source=choice.weights.source,
        repo_id=choice.weights.repo_id,
        dtype=choice.dtype,
        explicit=setting.explicit,
    )
    obstacle = reading_problem(setting.backend, choice.weights) or obstacle
    if obstacle is not None:
        return reject(base, *obstacle), False
    if choice.problem is not None:
        return reject(base, "no_kernel", choice.problem), False
    spread = _spread(setting, choice, devices, hardware)
    if not spread:
        return reject(base, "tensor_parallel", no_layout(setting, choice, devices)), False
    return _best(setting, choice, devices, hardware, spread, base)


def _best(
    setting: Setting,
    choice: Choice,
    devices: Sequence[Gpu],
    hardware: Hardware,
    spread: Sequence[Layout],
    base: Candidate,
) -> tuple[Candidate | Rejection, bool]:
    fits: list[tuple[Candidate, bool]] = []
    misses: list[Rejection] = []
    bare: dict[Layout, int] = {}  # what a layout needs before any KV cache, where that was already too much
    for allowance, layout in _tries(setting, devices, spread):
        budget = _budget(layout, setting.request, hardware, allowance)
        if budget is None:
            misses.append(reject(base, "memory_unknown", "the memory size of this device is unknown"))
            continue
        if bare.get(layout, 0) > budget.available:
            continue
        judged = judge(setting, choice, layout, budget, kv_cache_dtype=allowance.kv_cache_dtype)
        if isinstance(judged, Rejection):
            misses.append(judged)
            bare[layout] = (judged.needed_bytes or 0) - judged.memory_per_gpu.kv_cache_bytes
        elif not _shortfall(judged, choice, setting.request):
            if setting.request.mode == "latency":
                judged = _faster(setting, choice, hardware, spread, allowance, judged)
            elif judged.expert_parallel and judged.data_parallel > 1:
                judged = _roomier(setting, choice, hardware, spread, allowance, judged)
            return judged, allowance.tight
        else:
            fits.append((judged, allowance.tight))
    if fits:
        return max(fits, key=lambda item: (item[0].max_model_len or 0, not item[1]))
    return min(misses, key=lambda item: (item.needed_bytes or 0) - (item.available_bytes or 0)), False


def _faster(
    setting: Setting,
    choice: Choice,
    hardware: Hardware,
    spread: Sequence[Layout],
    allowance: Allowance,
    found: Candidate,
) -> Candidate:
    """For latency: divide each layer over more GPUs while doubling them answers one request enough faster."""
    for wide in spread:
        layout = dataclasses.replace(wide, faster=True)
        more = layout.tensor_parallel / found.tensor_parallel
        budget = _budget(layout, setting.request, hardware, allowance)
        if budget is None or more <= 1 or layout.pipeline_parallel > 1:
            continue
        wider = judge(setting, choice, layout, budget, kv_cache_dtype=allowance.kv_cache_dtype)
        speeds = found.estimated.decode_tokens_per_second, wider.estimated.decode_tokens_per_second
        if isinstance(wider, Rejection) or speeds[0] is None or speeds[1] is None:
            continue
        if speeds[1] >= speeds[0] * _WORTH_DOUBLING ** math.log2(more):
            found = wider
    return found


def _roomier(
    setting: Setting,
    choice: Choice,
    hardware: Hardware,
    spread: Sequence[Layout],
    allowance: Allowance,
    found: Candidate,
) -> Candidate:
    """For throughput: fewer copies of the non-expert weights where those leave too little KV cache in total."""
    judged = [found]
    for layout in spread:
        budget = _budget(layout, setting.request, hardware, allowance)
        same = layout.pipeline_parallel == 1 and len(layout.gpus) == len(found.gpu_indices)
        if budget is None or not same or layout.split <= found.tensor_parallel:
            continue
        other = judge(setting, choice, layout, budget, kv_cache_dtype=allowance.kv_cache_dtype)
        if not isinstance(other, Rejection):
            judged.append(other)
    room = [(item.kv_cache_tokens or 0) * item.data_parallel for item in judged]
    return next(item for item, tokens in zip(judged, room, strict=True) if tokens >= _ENOUGH_ROOM * max(room))


def _tries(setting: Setting, devices: Sequence[Gpu], spread: Sequence[Layout]) -> Iterator[tuple[Allowance, Layout]]:
    """The usual allowance first. Pipelines, whose GPUs wait for one another, come after every layout that divides each
    layer; but for throughput GPUs without peer-to-peer access are best in one.
    """
    throughput = setting.request.mode == "throughput"
    for piped in (False, True):
        for allowance in allowances(setting, devices):
            for layout in spread:
                if (layout.pipeline_parallel > 1 and not (throughput and layout.apart)) == piped:
                    yield allowance, layout


def _spread(setting: Setting, choice: Choice, devices: Sequence[Gpu], hardware: Hardware) -> list[Layout]:
    if not devices:
        return [Layout(gpus=())]
    switch = BACKENDS[setting.backend].runs.whole_experts
    return layouts(
        choice.weights.architecture,
        devices,
        setting.request,
        apart=lambda gpus: without_access(gpus, hardware.links, setting.facts),
        pipeline=setting.task not in ENCODERS,
        whole_experts=None if switch is not None and setting.argument(switch) is not None else switch is not None,
    )


def _budget(layout: Layout, request: PlanRequest, hardware: Hardware, allowance: Allowance) -> Budget | None:
    """Of the GPU that has least: each gets the same share."""
    if not layout.gpus:
        return host_budget(hardware.cpu, request)
    budgets = [gpu_budget(gpu, request, most=allowance.utilization) for gpu in layout.gpus]
    known = [budget for budget in budgets if budget is not None]
    return min(known, key=lambda budget: budget.available) if len(known) == len(budgets) else None


def _shortfall(candidate: Candidate, choice: Choice, request: PlanRequest) -> int:
    enough = goal(choice.weights.architecture, request, on_gpu=bool(candidate.gpu_indices))
    return shortfall(candidate.max_model_len, enough)
