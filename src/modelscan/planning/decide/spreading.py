"""How a choice can be spread over devices, in the order in which layouts are tried, and the budget of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modelscan import dataclasses
from modelscan.backends.registry import BACKENDS
from modelscan.model import Gpu, Hardware, PlanRequest
from modelscan.planning.options.allowances import ENCODERS, Allowance, allowances
from modelscan.planning.options.budget import Budget, gpu_budget, host_budget
from modelscan.planning.options.eligibility import have_nvlink, without_access
from modelscan.planning.options.layouts import Layout, layouts
from modelscan.planning.options.quantization import Choice
from modelscan.planning.options.setting import Setting
from modelscan.planning.options.stages import stages_problem, with_stages
from modelscan.weights.counting.bytes import weights_bytes


def tries(
    setting: Setting, choice: Choice, devices: Sequence[Gpu], spread: Sequence[Layout]
) -> Iterator[tuple[Allowance, Layout]]:
    """The usual allowance first. Pipelines, whose GPUs wait for one another, come after every layout that divides each
    layer; but for throughput GPUs without peer-to-peer access are best in one.
    """
    throughput = setting.request.mode == "throughput"
    for piped in (False, True):
        for allowance in allowances(setting, devices, choice.weights.architecture):
            for layout in spread:
                if (layout.pipeline_parallel > 1 and not (throughput and layout.apart)) == piped:
                    yield allowance, layout


def free_memory(gpu: Gpu) -> int | None:
    return gpu.memory_free_bytes or gpu.memory_usable_bytes or gpu.memory_total_bytes


def tightest(
    setting: Setting, choice: Choice, layout: Layout, hardware: Hardware, allowance: Allowance
) -> tuple[Layout, Budget | None]:
    """The stage of a pipeline that holds least, for one of its layers: it is judged for all. And its budget."""
    if not layout.stages:
        return layout, budget_of(layout, setting.request, hardware, allowance)
    width = layout.tensor_parallel
    found: list[tuple[float, Layout, Budget]] = []
    for number, layers in enumerate(layout.stages):
        gpus = layout.gpus[number * width : (number + 1) * width]
        budget = budget_of(dataclasses.replace(layout, gpus=gpus), setting.request, hardware, allowance)
        weights = weights_bytes(
            choice.weights,
            choice.quantization,
            at_load=choice.at_load is not None,
            tensor_parallel=width,
            pipeline_parallel=layout.pipeline_parallel,
            stage_layers=layers,
        )
        if budget is None:
            return layout, None
        taken = weights.high if weights is not None else 0
        found.append(((budget.available - taken) / layers, dataclasses.replace(layout, stage=layers), budget))
    _, tightest, budget = min(found, key=lambda item: item[0])
    return tightest, budget


def spread_over(
    setting: Setting, choice: Choice, devices: Sequence[Gpu], hardware: Hardware
) -> tuple[list[Layout], str | None]:
    """Every layout that may be tried, pipelines with their stages; and why there is none with those asked for."""
    if not devices:
        return [Layout(gpus=())], None
    runs, shape = BACKENDS[setting.backend].runs, choice.weights.architecture
    switch = runs.whole_experts
    found = layouts(
        shape,
        devices,
        setting.request,
        apart=lambda gpus: without_access(gpus, hardware.links, setting.facts),
        pipeline=setting.task not in ENCODERS,
        whole_experts=None if switch is not None and setting.argument(switch) is not None else switch is not None,
    )
    found = [dataclasses.replace(each, bridged=have_nvlink(each.gpus, hardware.links)) for each in found]
    if not runs.divides:
        found = [layout for layout in found if len(layout.gpus) == 1]
        return found, None if found else f"{BACKENDS[setting.backend].title} runs a model on one GPU"
    asked = setting.request.env.get(runs.stage_variable or "")
    if asked is None:
        return with_stages(found, shape, None, free_memory), None
    layers = shape.num_hidden_layers if shape is not None else None
    problems = {layout: stages_problem(asked, layers, layout.pipeline_parallel) for layout in found}
    fitting = [layout for layout, problem in problems.items() if problem is None]
    return with_stages(fitting, shape, asked, free_memory), next(iter(reversed(problems.values())), None)


def budget_of(layout: Layout, request: PlanRequest, hardware: Hardware, allowance: Allowance) -> Budget | None:
    """Of the GPU that has least: each gets the same share."""
    if not layout.gpus:
        return host_budget(hardware.cpu, request)
    budgets = [gpu_budget(gpu, request, most=allowance.utilization) for gpu in layout.gpus]
    known = [budget for budget in budgets if budget is not None]
    return min(known, key=lambda budget: budget.available) if len(known) == len(budgets) else None
