"""How much memory a model needs on each choice of GPUs: the planner asked again and again with less of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence

from modelscan import dataclasses
from modelscan.dataclasses import dataclass
from modelscan.model import Architecture, Candidate, Gpu, Hardware, Plan, PlanRequest
from modelscan.planning.decide.devices import usable
from modelscan.planning.options.context import goal, shortfall
from modelscan.planning.options.gpu_filters import admitted
from modelscan.planning.packing.pack import HOST, Place, Way, place_of
from modelscan.planning.packing.share import room_of, within

_STEPS = 100  # shares of a GPU's memory are planned in hundredths

_EVERY_SET = 4  # of so many GPUs every choice is looked at; of more those that are neighbours
# The farthest that data goes between two GPUs, as `GpuLink` has it; where the driver does not say it counts as near.
_PATHS = ("board", "switch", "switches", "host-bridge", "numa-node", "system")

# What a plan is for a request on a machine.
Decide = Callable[[Hardware, PlanRequest], Plan]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """What a plan with so much memory is like: how far its context falls short, its format, and what lies on the host
    beside GPUs.
    """

    shortfall: int
    quantization: str | None
    weights_bytes: int
    beside_bytes: int = 0


def ways_of(
    request: PlanRequest, hardware: Hardware, decide: Decide, shape_of: Callable[[Candidate], Architecture | None]
) -> tuple[Way, ...]:
    """Every way to run a request on this machine: on each choice of GPUs, with each amount of memory at which the plan
    becomes another one.

    The cost of a way: how short its context falls, how many better formats there are, how many GPUs it takes, and how
    far apart these are.
    Raises GpuNotFound for a GPU that is named and not there.
    """
    found: list[tuple[tuple[Place, ...], int, int, _Found]] = []
    for count, sets in _choices(hardware, request):
        ladders: dict[object, list[tuple[int, _Found]]] = {}
        for gpus in sets:
            look = tuple(sorted(_look(gpu) for gpu in gpus)), _distance(gpus, hardware)
            if look not in ladders:
                ladders[look] = _ladder(gpus, hardware, _exactly(request, count), decide, shape_of)
            places = tuple(place_of(gpu) for gpu in gpus) or (HOST,)
            found += [(places, look[1], size, step) for size, step in ladders[look]]
    sizes: dict[str | None, int] = {}
    for places, _, _, step in found:
        sizes[step.quantization] = max(sizes.get(step.quantization, 0), step.weights_bytes * len(places))
    formats = sorted(sizes, key=lambda word: (-sizes[word], word or ""))  # the larger the weights, the less was lost
    return tuple(
        Way(
            takes=dict.fromkeys(places, size) | ({HOST: step.beside_bytes} if step.beside_bytes else {}),
            cost=(step.shortfall, formats.index(step.quantization), len(places), distance),
        )
        for places, distance, size, step in found
    )


def host_beside(chosen: Candidate) -> int:
    """What of it lies in the host's memory beside GPUs."""
    return chosen.offload.host_bytes if chosen.offload is not None and chosen.gpu_indices else 0


def kinds_of(hardware: Hardware) -> Mapping[Place, str]:
    """GPUs that are alike: one of them is as good as another, as long as as much of it is free."""
    return {place_of(gpu): f"{gpu.name} {gpu.memory_total_bytes} {gpu.mig}" for gpu in hardware.devices}


def _choices(hardware: Hardware, request: PlanRequest) -> Iterator[tuple[int, Sequence[tuple[Gpu, ...]]]]:
    """The GPUs that may be used together, by their number; none is the CPU."""
    gpus = admitted(usable(hardware, request), request.gpu_filters)
    if not gpus or request.no_gpu:
        yield 0, [()]
        return
    if request.gpus:
        yield len(gpus), [gpus]
        return
    kinds: dict[object, list[Gpu]] = {}
    for gpu in gpus:
        kinds.setdefault((gpu.vendor, gpu.name, gpu.memory_total_bytes), []).append(gpu)
    largest = max(map(len, kinds.values()))
    numbers = [request.gpu_count] if request.gpu_count else [*_powers(largest)]
    for number in numbers:
        sets = [chosen for kind in kinds.values() for chosen in _sets(kind, number)]
        if sets:
            yield number, sets


def _sets(gpus: Sequence[Gpu], number: int) -> list[tuple[Gpu, ...]]:
    if number == 1 or len(gpus) <= _EVERY_SET:
        return list(itertools.combinations(gpus, number))
    by_room = sorted(gpus, key=lambda gpu: -(gpu.memory_free_bytes or 0))
    runs = [order[place : place + number] for order in (gpus, by_room) for place in range(len(gpus) - number + 1)]
    return list(dict.fromkeys(tuple(sorted(run, key=lambda gpu: gpu.index)) for run in runs))


def _distance(gpus: Sequence[Gpu], hardware: Hardware) -> int:
    """Of the two that are farthest apart."""
    indices = {gpu.index for gpu in gpus}
    links = [link for link in hardware.links if indices.issuperset(link.gpus) and not link.nvlink]
    return max((_PATHS.index(link.path) for link in links if link.path in _PATHS), default=0)


def _powers(most: int) -> Iterator[int]:
    """1, 2, 4 … and all: what layers divide over."""
    number = 1
    while number < most:
        yield number
        number *= 2
    yield most


def _exactly(request: PlanRequest, count: int) -> PlanRequest:
    return request if not count or request.gpus else dataclasses.replace(request, gpu_count=count)


def _look(gpu: Gpu) -> tuple[str, int, int]:
    return f"{gpu.name} {gpu.mig}", gpu.memory_total_bytes or 0, gpu.memory_free_bytes or 0


def _ladder(
    gpus: tuple[Gpu, ...],
    hardware: Hardware,
    request: PlanRequest,
    decide: Decide,
    shape_of: Callable[[Candidate], Architecture | None],
) -> list[tuple[int, _Found]]:
    """The least memory on each of these GPUs for every kind of plan that there is, the best plan first."""
    room = room_of(hardware)
    places = [place_of(gpu) for gpu in gpus] or [HOST]
    if any(place not in room for place in places):
        return []
    most = min(room[place] for place in places)

    def with_memory(hundredths: int) -> _Found | None:
        size = most * hundredths // _STEPS
        chosen = decide(within(hardware, dict.fromkeys(places, size)), request).chosen
        if chosen is None or chosen.memory_per_gpu.total_bytes > size or len(chosen.gpu_indices) != len(gpus):
            return None
        enough = goal(shape_of(chosen), request, on_gpu=bool(gpus))
        return _Found(
            shortfall=shortfall(chosen.max_model_len, enough),
            quantization=chosen.quantization,
            weights_bytes=chosen.memory_per_gpu.weights_bytes,
            beside_bytes=host_beside(chosen),
        )

    return [(most * hundredths // _STEPS, found) for hundredths, found in _steps(with_memory)]


def _steps(look: Callable[[int], _Found | None]) -> list[tuple[int, _Found]]:
    """Where what is found changes, from all hundredths down: each kind with the least at which it is found."""
    known: dict[int, _Found | None] = {0: None, _STEPS: look(_STEPS)}

    def between(low: int, high: int) -> None:
        if high - low > 1 and not _alike(known[low], known[high]):
            middle = (low + high) // 2
            known[middle] = look(middle)
            between(low, middle)
            between(middle, high)

    if known[_STEPS] is not None:
        between(0, _STEPS)
    found: list[tuple[int, _Found]] = []
    for number in sorted(known, reverse=True):
        here = known[number]
        if here is not None and found and _alike(found[-1][1], here):
            found[-1] = (number, here)
        elif here is not None:
            found.append((number, here))
    return found


def _alike(first: _Found | None, second: _Found | None) -> bool:
    if first is None or second is None:
        return first is second
    return (first.shortfall, first.quantization) == (second.shortfall, second.quantization)
