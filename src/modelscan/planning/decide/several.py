"""Several models in one process: the plan of the first, with the weights of the others added to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from modelscan import dataclasses
from modelscan.backends.base import Launch, Served
from modelscan.backends.registry import BACKENDS
from modelscan.dataclasses import dataclass
from modelscan.model import Candidate, Hardware, MemoryLine, MemoryPerGpu, ModelInProcess, Plan, PlanRequest
from modelscan.planning.options.rejection import reject
from modelscan.units import format_bytes

_PARTS = ("weights", "activations", "overhead")


@dataclass(frozen=True, slots=True)
class Further:
    """One more model: its id, the user's words for it, and its plan on a machine."""

    model: str
    reference: str
    decide: Callable[[Hardware, PlanRequest], Plan]
    asked: PlanRequest


def with_further(plan: Plan, further: Sequence[Further]) -> Plan:
    """The plan for all of them, on the devices of the first one; none where one of them does not fit there. They share
    an environment: of the ways to run the first one that is taken with which the same library reads all of them.
    """
    if plan.chosen is None or not further:
        return plan
    ways = {item.libraries: item for item in reversed((plan.chosen, *plan.alternatives))}
    first, *others = (plan.chosen, *(item for item in ways.values() if item.libraries != plan.chosen.libraries))
    found = _with_all(plan, first, further)
    for other in others:
        if found.chosen is not None and len(found.chosen.libraries) <= 1:
            break
        again = _with_all(plan, other, further)
        found = again if again.chosen is not None and len(again.chosen.libraries) <= 1 else found
    return found


def _with_all(plan: Plan, chosen: Candidate, further: Sequence[Further]) -> Plan:
    for item in further:
        own = item.decide(plan.hardware, _beside(item.asked, chosen))
        if own.chosen is None:
            return dataclasses.replace(plan, feasible=False, chosen=None, alternatives=(), rejected=own.rejected)
        alike = (way for way in (own.chosen, *own.alternatives) if way.libraries == chosen.libraries)
        chosen = _joined(chosen, next(alike, own.chosen), item)
    memory = chosen.memory_per_gpu
    if memory.available_bytes is not None and memory.total_high_bytes > memory.available_bytes:
        refused = reject(
            chosen,
            "no_memory",
            f"{len(chosen.beside) + 1} models in one process need {format_bytes(memory.total_high_bytes)}, but only "
            f"{format_bytes(memory.available_bytes)} may be used",
            needed=memory.total_high_bytes,
            available=memory.available_bytes,
        )
        return dataclasses.replace(plan, feasible=False, chosen=None, alternatives=(), rejected=(refused,))
    return dataclasses.replace(plan, chosen=_with_command(plan.model, chosen), alternatives=())


def _beside(asked: PlanRequest, first: Candidate) -> PlanRequest:
    return dataclasses.replace(
        asked,
        backend=first.backend,
        backend_version=first.backend_version,
        gpus=tuple(map(str, first.gpu_indices)),
        no_gpu=not first.gpu_indices,
        dtype=asked.dtype or first.dtype,
    )


def _joined(first: Candidate, other: Candidate, item: Further) -> Candidate:
    """One process, one request at a time counted: the larger of both; the weights of both."""
    served = ModelInProcess(
        model=item.model,
        reference=item.reference,
        task=other.task,
        source=other.source,
        repo_id=other.repo_id,
        revision=other.revision,
        quantization=other.quantization,
        model_args=other.model_args,
        weights_bytes=other.memory_per_gpu.weights_bytes,
    )
    lines = _lines(first.arithmetic, other.arithmetic, item.model)
    return dataclasses.replace(
        first,
        beside=(*first.beside, served),
        libraries=tuple(dict.fromkeys((*first.libraries, *other.libraries))),
        arithmetic=lines,
        memory_per_gpu=_memory(first.memory_per_gpu, lines),
        reasons=(
            *first.reasons,
            f"beside: {item.model} in the same process, {format_bytes(served.weights_bytes)} more",
        ),
    )


def _lines(first: Sequence[MemoryLine], other: Sequence[MemoryLine], model: str) -> tuple[MemoryLine, ...]:
    weights = [line for line in first if line.part == "weights"]
    weights += [dataclasses.replace(line, what=model) for line in other if line.part == "weights"]
    larger: dict[str, MemoryLine] = {}
    for line in (*first, *other):
        if line.part != "weights" and line.high_bytes >= larger.get(line.part, line).high_bytes:
            larger[line.part] = line
    return (*weights, *larger.values())


def _memory(memory: MemoryPerGpu, lines: Sequence[MemoryLine]) -> MemoryPerGpu:
    parts = {part: sum(line.estimate_bytes for line in lines if line.part == part) for part in _PARTS}
    return dataclasses.replace(
        memory,
        weights_bytes=parts["weights"],
        activations_bytes=parts["activations"],
        overhead_bytes=parts["overhead"],
        total_bytes=sum(parts.values()),
        total_low_bytes=sum(line.low_bytes for line in lines),
        total_high_bytes=sum(line.high_bytes for line in lines),
    )


def _with_command(model: str, chosen: Candidate) -> Candidate:
    launch = Launch(
        location=chosen.repo_id,
        served_model_names=(model,),
        device="cuda" if chosen.gpu_indices else "cpu",
        beside=tuple(served_of(item) for item in chosen.beside),
    )
    return dataclasses.replace(chosen, argv=BACKENDS[chosen.backend].command_line(chosen, launch).argv)


def served_of(item: ModelInProcess) -> Served:
    """As the backend is told of it."""
    return Served(
        location=item.location or item.repo_id,
        served_model_names=item.served_model_names or (item.model,),
        task=item.task,
        words=item.model_args,
    )
