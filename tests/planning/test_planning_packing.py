"""Several deployments on one machine: never over a GPU's memory, the same in any order, as good as every other way."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from machines import DEEPSEEK_R1, FACTS, QWEN3_32B, llama, machine, weights

from modelscan import dataclasses
from modelscan.model import GpuLink, Hardware, PlanRequest, WeightsDescription
from modelscan.planning.decide.planner import decide
from modelscan.planning.packing.pack import HOST, Item, Way, pack, place_of
from modelscan.planning.packing.remedies import Smaller, remedies
from modelscan.planning.packing.share import room_of, shares, within
from modelscan.planning.packing.ways import kinds_of, ways_of
from modelscan.units import GIB

LLAMA_8B = weights("meta-llama/Llama-3.1-8B-Instruct", llama())
QWEN_32B = weights("Qwen/Qwen3-32B", QWEN3_32B)

PLACES = ("0", "1", "2")
ROOMS = st.fixed_dictionaries({place: st.integers(0, 12) for place in PLACES})
WAYS = st.builds(
    Way,
    takes=st.dictionaries(st.sampled_from(PLACES), st.integers(1, 8), min_size=1, max_size=2),
    cost=st.tuples(st.integers(0, 2), st.integers(0, 2)),
)
ITEMS = st.lists(st.lists(WAYS, max_size=4), max_size=4).map(
    lambda found: [Item(name=f"m{number}", ways=tuple(ways)) for number, ways in enumerate(found)]
)


def taken(ways: Mapping[str, Way]) -> Counter[str]:
    found = Counter[str]()
    for way in ways.values():
        found.update(way.takes)
    return found


def by_brute_force(items: Sequence[Item], room: Mapping[str, int]) -> tuple[tuple[int, ...], int] | None:
    """The cost of the best of all choices, and its crowding; None where none fits."""
    found = []
    for chosen in itertools.product(*(item.ways for item in items)):
        together = taken(dict(enumerate(chosen)))  # type: ignore[arg-type]
        if any(size > room[place] for place, size in together.items()):
            continue
        tenants = Counter(place for way in chosen for place in way.takes)
        cost = tuple(map(sum, zip(*(way.cost for way in chosen), strict=True))) if chosen else ()
        found.append((cost, sum(count * (count - 1) // 2 for count in tenants.values())))
    return min(found, default=None)


@given(ITEMS, ROOMS)
def test_it_is_the_best_of_all_choices(items: list[Item], room: dict[str, int]) -> None:
    packed = pack(items, room)
    assert (packed and (packed.cost, packed.crowding)) == by_brute_force(items, room)


@given(ITEMS, ROOMS, st.randoms())
def test_it_never_takes_more_than_there_is_in_whatever_order(
    items: list[Item], room: dict[str, int], chance: object
) -> None:
    packed = pack(items, room)
    again = items[::-1]
    chance.shuffle(again)  # type: ignore[attr-defined]
    assert pack(again, room) == packed
    if packed is None:
        return
    assert set(packed.ways) == {item.name for item in items}
    assert all(size <= room[place] for place, size in taken(packed.ways).items())
    dealt = shares(packed.ways, room)
    together = Counter[str]()
    for name, share in dealt.items():
        together.update(share)
        assert all(share[place] >= size for place, size in packed.ways[name].takes.items())
    assert all(size <= room[place] for place, size in together.items())


@given(st.lists(st.integers(1, 9), max_size=5), st.lists(st.integers(0, 12), min_size=1, max_size=3))
def test_places_that_are_alike_are_tried_once_and_nothing_is_lost(sizes: list[int], free: list[int]) -> None:
    room = {str(number): size for number, size in enumerate(free)}
    items = [Item(name=f"m{n}", ways=tuple(Way(takes={place: size}) for place in room)) for n, size in enumerate(sizes)]
    alike, unlike = pack(items, room, dict.fromkeys(room, "gpu")), pack(items, room)
    assert (alike and (alike.cost, alike.crowding)) == (unlike and (unlike.cost, unlike.crowding))


@given(ITEMS, ROOMS)
def test_the_smallest_change_is_enough_and_none_is_smaller(items: list[Item], room: dict[str, int]) -> None:
    packed = pack(items, room)
    found = remedies(items, (), room)
    if packed is not None:
        assert found == ()
        return
    out = {name for change in found for name in change.names}
    assert pack([item for item in items if item.name not in out], room) is not None
    never = {item.name for item in items if not item.ways}
    for fewer in itertools.combinations(items, len(out) - 1):
        left = {item.name for item in fewer} | never
        assert len(left) >= len(out) or pack([item for item in items if item.name not in left], room) is None


def test_one_that_gives_something_up_comes_before_one_that_is_taken_out() -> None:
    items = [Item(name=name, ways=(Way(takes={"0": 8}),)) for name in ("a", "b")]
    smaller = [Smaller(name="b", key="context_length", ways=(Way(takes={"0": 3}),))]
    found = remedies(items, smaller, {"0": 12})
    assert [(change.kind, change.names, change.key) for change in found] == [
        ("shrink", ("b",), "context_length"),
        ("on-demand", ("a",), None),
    ]
    never = remedies([Item(name="huge", ways=()), *items], (), {"0": 16})
    assert [(change.kind, change.names) for change in never] == [("leave-out", ("huge",))]


def test_many_on_eight_gpus_are_placed_though_not_every_choice_is_tried() -> None:
    room = {str(number): 80 for number in range(8)}
    items = [
        Item(
            name=f"m{number}",
            ways=tuple(Way(takes={place: size}, cost=(cost,)) for place in room for cost, size in ((0, 70), (1, 33))),
        )
        for number in range(16)
    ]
    packed = pack(items, room, dict.fromkeys(room, "gpu"))
    assert packed is not None
    assert all(size <= 80 for size in taken(packed.ways).values())


def ways(weights: WeightsDescription, hardware: Hardware, **asked: object) -> tuple[Way, ...]:
    return ways_of(
        PlanRequest(model=weights.repo_id, **asked),  # type: ignore[arg-type]
        hardware,
        lambda machine, request: decide(None, [weights], machine, request, FACTS),
        lambda _: weights.architecture,
    )


@pytest.mark.parametrize("spec", ["rtx-4090", "2xrtx-4090", "8xh100-80gb", "4xmi300x", "cpu:64gb"])
@pytest.mark.parametrize("weights", [LLAMA_8B, QWEN_32B], ids=lambda item: item.repo_id)
def test_each_way_is_a_plan_within_its_memory(weights: WeightsDescription, spec: str) -> None:
    hardware = machine(spec)
    room = room_of(hardware)
    for way in ways(weights, hardware):
        assert all(size <= room[place] for place, size in way.takes.items())
        plan = decide(None, [weights], within(hardware, way.takes), PlanRequest(model=weights.repo_id), FACTS)
        assert plan.chosen is not None
        used = {place_of(gpu) for gpu in hardware.devices if plan.chosen.uses(gpu)} or {HOST}
        assert used <= set(way.takes)
        assert plan.chosen.memory_per_gpu.total_bytes <= min(way.takes.values())


def test_what_lies_on_the_host_beside_gpus_is_taken_there() -> None:
    """Two whose experts stay in the host's memory are not put on one host that holds one of them."""
    options = [weights("deepseek-ai/DeepSeek-R1", DEEPSEEK_R1, "Q4_K_M", format="gguf", official=False, verified=False)]
    hardware = machine("2xrtx-4090+512gib-ram")
    one = ways_of(
        PlanRequest(model="r1", gpu_count=1),
        hardware,
        lambda there, asked: decide(None, options, there, asked, FACTS),
        lambda _: options[0].architecture,
    )
    assert one
    assert all(way.takes[HOST] > 300 * GIB for way in one)
    room, kinds = room_of(hardware), kinds_of(hardware)
    assert pack([Item(name="a", ways=one)], room, kinds) is not None
    assert pack([Item(name="a", ways=one), Item(name="b", ways=one)], room, kinds) is None


def test_two_that_each_would_take_a_whole_gpu_share_it() -> None:
    """One after the other the first would take what is there."""
    hardware = machine("h100-80gb")
    items = [Item(name="coder", ways=ways(QWEN_32B, hardware)), Item(name="chat", ways=ways(LLAMA_8B, hardware))]
    packed = pack(items, room_of(hardware), kinds_of(hardware))
    assert packed is not None
    for name, share in shares(packed.ways, room_of(hardware)).items():
        weights = QWEN_32B if name == "coder" else LLAMA_8B
        plan = decide(None, [weights], within(hardware, share), PlanRequest(model=name), FACTS)
        assert plan.chosen is not None
        assert (plan.chosen.max_model_len or 0) >= 32768
    alone = decide(None, [QWEN_32B], hardware, PlanRequest(model="coder"), FACTS).chosen
    assert alone is not None
    left = {place: size - alone.memory_per_gpu.total_bytes for place, size in room_of(hardware).items()}
    assert decide(None, [LLAMA_8B], within(hardware, left), PlanRequest(model="chat"), FACTS).chosen is None


def test_what_the_user_fixed_narrows_the_ways() -> None:
    hardware = dataclasses.replace(machine("4xrtx-4090"), cpu=machine("cpu:64gb").cpu)
    assert {tuple(way.takes) for way in ways(LLAMA_8B, hardware, gpus=("2",))} == {("2",)}
    assert {len(way.takes) for way in ways(LLAMA_8B, hardware, gpu_count=2)} == {2}
    assert {tuple(way.takes) for way in ways(LLAMA_8B, hardware, no_gpu=True)} == {(HOST,)}
    fixed = ways(LLAMA_8B, machine("rtx-4090"), gpu_memory_utilization=0.9)
    assert min(way.takes["0"] for way in fixed) >= int(0.9 * 23 * GIB)


def test_gpus_that_are_near_each_other_come_first() -> None:
    hardware = machine("4xrtx-4090")
    far = dataclasses.replace(
        hardware,
        links=tuple(
            GpuLink(gpus=pair, path="board" if pair == (2, 3) else "system")
            for pair in itertools.combinations(range(4), 2)
        ),
    )
    packed = pack([Item(name="a", ways=ways(QWEN_32B, far, gpu_count=2))], room_of(far), kinds_of(far))
    assert packed is not None
    assert set(packed.ways["a"].takes) == {"2", "3"}
