"""The decision: every candidate becomes the plan, an alternative, or a rejection with its reason."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan import dataclasses
from modelscan.backends.registry import BACKENDS
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
    WeightsDescription,
)
from modelscan.planning.decide.candidates import judge, weights_on
from modelscan.planning.decide.devices import device_of, kinds, usable
from modelscan.planning.decide.improving import improved
from modelscan.planning.decide.nothing_there import no_layout, nothing_asked_for, nothing_usable
from modelscan.planning.decide.pace import Ranked, by_pace
from modelscan.planning.decide.spreading import spread_over, tightest, tries
from modelscan.planning.decide.weighing import (
    reason_to_weigh,
    reason_without_gpu,
    reason_without_length,
    slowed,
    with_others_weighed,
)
from modelscan.planning.memory.adapting import adapters_problem
from modelscan.planning.offload.forms import forms_of
from modelscan.planning.offload.judging import judge_offload
from modelscan.planning.options.allowances import Allowance
from modelscan.planning.options.budget import Budget
from modelscan.planning.options.context import goal, shortfall
from modelscan.planning.options.eligibility import (
    backend_problem,
    backends_to_weigh,
    libraries_of,
    library_of,
    only_on_cpu,
    planned_version,
    preferred_backend,
    readable,
    reading_problem,
    task_of,
)
from modelscan.planning.options.facts import PlanningFacts
from modelscan.planning.options.gpu_filters import admitted
from modelscan.planning.options.layouts import Layout, alike
from modelscan.planning.options.quantization import Choice, answers, choices
from modelscan.planning.options.rejection import reject
from modelscan.planning.options.setting import Setting
from modelscan.planning.telling.command import Wording
from modelscan.planning.telling.hints import Refused, hints_for
from modelscan.planning.telling.longer import with_longer
from modelscan.weights.counting.bytes import weights_bytes
from modelscan.weights.counting.sizes import Sized

# What one environment of a backend has comes before what needs another one to be installed.
_NOT_INSTALLED = 20
_SAID_BY_ENTRIES = frozenset({"model", "defaults", "pooling", "handling", "found_adapters", "beside"})


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
    wording: Wording | None = None,
) -> Plan:
    """What fits a machine best, and why; where nothing fits, what would help.

    `model` is None for weights that no catalog knows; `options` are all weights of it, the released ones first.
    `measurements` are what earlier starts of them took, the newest first: they win over estimates.
    `claims` are of deployments that could be stopped; what of them is outstanding is not free in `hardware`.
    `wording` is how the user put it: hints repeat it.
    Raises GpuNotFound for a GPU that was named and is not there.
    """
    plan = decide(model, options, hardware, request, facts, installations, measurements=measurements)
    if plan.feasible:
        return with_longer(
            plan,
            request,
            options,
            lambda other: decide(model, options, hardware, other, facts, installations, measurements=measurements),
        )
    known: list[Sequence[Installation]] = [installations, ()]  # a machine that is only described has none
    here, elsewhere = (
        lambda machine, other, installed=installed: decide(
            model, options, machine, other, facts, installed, measurements=measurements
        )
        for installed in known
    )
    refused = Refused(
        plan=plan,
        request=request,
        options=options,
        claims=claims,
        facts=facts,
        wording=wording or Wording(reference=plan.model),
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
    if request.task is not None:
        options = [dataclasses.replace(item, task=request.task) for item in options]
    fitting: list[Ranked] = []
    rejected: list[Rejection] = []
    allowed = admitted(usable(hardware, request), request.gpu_filters)
    if (refused := nothing_usable(model, hardware, request, allowed)) is not None:
        return refused
    for devices in kinds(allowed, request):
        device = device_of(devices)
        backend, reason = preferred_backend(
            options, devices, device, request, facts, request.task or task_of(model, options)
        )
        setting = _setting(model, options, backend, reason, device, request, facts, installations)
        setting = dataclasses.replace(setting, measurements=() if request.found_adapters else measurements)
        good, bad = _weighed(setting, options, devices, hardware, installations)
        for other in backends_to_weigh(options, request, backend):
            why = reason_to_weigh(other, backend, devices, good, bad, request.quantization)
            if why is not None:
                beside = _setting(model, options, other, why, device, request, facts, installations)
                more, missed = _weighed(beside, options, devices, hardware, installations)
                if devices and (why := reason_without_length(other, backend, more, good)) is not None:
                    beside = dataclasses.replace(beside, backend_reason=why)
                    more, missed = _weighed(beside, options, devices, hardware, installations)
                good, bad = [*good, *more], [*bad, *missed]
        if not good and devices and not request.gpus and (why := reason_without_gpu(bad)) is not None:
            for other in backends_to_weigh(options, request, backend):
                beside = _setting(
                    model, options, other, f"{other} on the CPU: {why}", "cpu", request, facts, installations
                )
                more, missed = _weighed(beside, options, (), hardware, installations)
                good, bad = [*good, *more], [*bad, *missed]
        if not good and devices and not request.gpus and (why := only_on_cpu(backend, options)) is not None:
            beside = _setting(model, options, backend, why, "cpu", request, facts, installations)
            good, bad = _weighed(beside, options, (), hardware, installations)
        fitting += good
        rejected += bad or ([] if good else [nothing_asked_for(setting, options)])
    fitting = with_others_weighed(by_pace(sorted(fitting, key=lambda item: item[:2])))
    rejected.sort(key=_nearest)
    chosen = fitting[0][2] if fitting else None
    return Plan(
        model=model.id if model is not None else request.model,
        hardware=hardware,
        feasible=chosen is not None,
        chosen=chosen,
        alternatives=tuple(candidate for _, _, candidate in fitting[1:]),
        rejected=tuple(rejected),
    )


def _weighed(
    setting: Setting,
    options: Sequence[WeightsDescription],
    devices: Sequence[Gpu],
    hardware: Hardware,
    installations: Sequence[Installation],
) -> tuple[list[Ranked], list[Rejection]]:
    """What one backend makes of all weights on one kind of device: each choice with its place and rank, or refused."""
    request = setting.request
    obstacle = backend_problem(setting, devices, hardware, installations)
    mixed = not request.gpus and len(alike(devices)) > 1
    fitting: list[Ranked] = []
    rejected: list[Rejection] = []
    own: dict[str, int] = {}
    here = {name for item in installations if _is_of(item, setting) for name in item.requirements}
    for number, weights in enumerate(readable(setting.backend, options, request)):
        setting = _with_library(setting, weights, installations)
        released = number == 0 and weights.official is True
        for choice in _choices(setting, weights, devices, release=released):
            if not answers(choice, request.quantization):
                continue
            found, tightened = _judged(setting, choice, devices, hardware, obstacle)
            if isinstance(found, Rejection):
                rejected.append(found)
                continue
            # A better format with a short context comes after a lesser one with a useful context.
            tier = 2 * _shortfall(found, choice, request) + tightened + slowed(found, weights.architecture)
            # A third-party packing of the released format needs no less memory: less is known about it.
            tier = max(tier, own.get(choice.quantization, 0))
            if released:
                own[choice.quantization] = tier
            # Unlike GPUs together only where none of them alone is as good.
            lacking = bool(here) and not here.issuperset(found.libraries)
            fitting.append((2 * tier + mixed, choice.rank + _NOT_INSTALLED * lacking, found))
    return fitting, rejected


def _is_of(item: Installation, setting: Setting) -> bool:
    return (item.backend, item.device) == (setting.backend, setting.device)


def _with_library(setting: Setting, weights: WeightsDescription, installations: Sequence[Installation]) -> Setting:
    """With the version of the environment that reads these weights."""
    library, backend = library_of(setting.backend, weights), setting.backend
    if library is None or setting.request.backend_version is not None:
        return setting
    version = planned_version(backend, setting.device, setting.facts, installations, library)
    return dataclasses.replace(setting, backend_version=version)


def _setting(
    model: Model | None,
    options: Sequence[WeightsDescription],
    backend: str,
    reason: str,
    device: Device,
    request: PlanRequest,
    facts: PlanningFacts,
    installations: Sequence[Installation],
) -> Setting:
    version = request.backend_version or planned_version(backend, device, facts, installations)
    return Setting(
        model=model.id if model is not None else request.model,
        task=request.task or task_of(model, options),
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
            name
            for name, default in dataclasses.defaults(request).items()
            if name not in _SAID_BY_ENTRIES and (value := getattr(request, name)) != default and value
        ),
    )


def _choices(setting: Setting, weights: WeightsDescription, devices: Sequence[Gpu], *, release: bool) -> list[Choice]:
    if setting.offloads is not None:
        return list(forms_of(weights, setting.offloads, setting.request))
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
        libraries=libraries_of(setting.backend, choice.weights),
        explicit=setting.explicit,
    )
    obstacle = reading_problem(setting.backend, choice.weights) or adapters_problem(setting, choice.weights) or obstacle
    if obstacle is not None:
        return reject(base, *obstacle), False
    if choice.problem is not None:
        return reject(base, "no_kernel", choice.problem), False
    if setting.offloads is not None:
        formats = BACKENDS[setting.backend].runs.formats or frozenset()
        if choice.weights.format not in formats:
            reason = f"{setting.backend} reads {' and '.join(sorted(formats))} files only"
            return reject(base, "no_kernel", reason), False
        return judge_offload(setting, setting.offloads, choice, devices, hardware), False
    spread, problem = spread_over(setting, choice, devices, hardware)
    if not spread:
        return reject(base, "tensor_parallel", problem or no_layout(setting, choice, devices)), False
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
    weights: dict[Layout, Sized | None] = {}
    bare: dict[Layout, int] = {}  # the least that a layout needs before any KV cache
    largest: dict[Layout, tuple[Allowance, Budget]] = {}  # the last try of those that were left out
    for allowance, layout in tries(setting, choice, devices, spread):
        layout, budget = tightest(setting, choice, layout, hardware, allowance)  # noqa: PLW2901
        if budget is None:
            misses.append(reject(base, "memory_unknown", "the memory size of this device is unknown"))
            continue
        if layout not in weights:
            weights[layout] = weights_on(setting, choice, layout)
            bare[layout] = _least(setting, weights[layout])
        if bare[layout] > budget.available:
            largest[layout] = allowance, budget
            continue
        judged = judge(setting, choice, layout, budget, weights[layout], kv_cache_dtype=allowance.kv_cache_dtype)
        if isinstance(judged, Rejection):
            misses.append(judged)
            bare[layout] = (judged.needed_bytes or 0) - judged.memory_per_gpu.kv_cache_bytes
        elif not _shortfall(judged, choice, setting.request):
            return improved(setting, choice, hardware, spread, allowance, judged), allowance.tight
        else:
            fits.append((judged, allowance.tight))
    if fits:
        return max(fits, key=lambda item: (item[0].max_model_len or 0, not item[1]))
    for layout in sorted(largest, key=lambda layout: bare[layout] - largest[layout][1].available)[:1]:
        # What is short is counted against the most that would be used.
        allowance, budget = largest[layout]
        judged = judge(setting, choice, layout, budget, weights[layout], kv_cache_dtype=allowance.kv_cache_dtype)
        if not isinstance(judged, Rejection):
            return judged, allowance.tight
        misses.append(judged)
    return min(misses, key=_shortage), False


def _least(setting: Setting, weights: Sized | None) -> int:
    """What is certain before a candidate is judged: the high bound of its weights, unless a measured figure takes its
    place, or the backend manages its own memory.
    """
    return weights.high if weights is not None and setting.estimates is not None and not setting.measurements else 0


def _shortage(rejection: Rejection) -> int:
    return (rejection.needed_bytes or 0) - (rejection.available_bytes or 0)


def _nearest(item: Rejection) -> tuple[bool, int]:
    """What the host's memory lacks comes first: it can be bought, a kernel or a GPU of many times the size cannot."""
    return item.offload is None or item.code != "no_memory", _shortage(item)


def _shortfall(candidate: Candidate, choice: Choice, request: PlanRequest) -> int:
    """In doublings; in tokens where the longest context was asked for, as then each counts."""
    enough = goal(choice.weights.architecture, request, on_gpu=bool(candidate.gpu_indices))
    if request.context_length == "max" and candidate.max_model_len is not None:
        return max(enough - candidate.max_model_len, 0)
    return shortfall(candidate.max_model_len, enough)
