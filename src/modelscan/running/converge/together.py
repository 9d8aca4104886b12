"""Where all of what is wanted runs: planned for the machine as a whole, so that all fit where one after the other, each
taking what is left, would not.

What runs already stays where it is as long as the others fit beside it; else as few as possible are planned anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from modelscan import dataclasses
from modelscan.dataclasses import dataclass, field
from modelscan.deployments.claims import claimed_bytes, claimed_of, when_idle, with_claims_back, without_claimed
from modelscan.deployments.document import record_of
from modelscan.deployments.record import Record
from modelscan.model import Architecture, Candidate, Claim, Deployment, Hardware, Installation, PlanRequest
from modelscan.model.registered import ENTRY
from modelscan.model.results import UpAction
from modelscan.planning.options.budget import GPU_RESERVE
from modelscan.planning.packing.pack import HOST, Item, Packed, Place, Way, pack, place_of
from modelscan.planning.packing.share import Share, room_of, shares
from modelscan.planning.packing.ways import host_beside, kinds_of, ways_of
from modelscan.registry.registered import Registered, registered_models
from modelscan.running.converge.difference import as_said, compare, is_settled
from modelscan.running.converge.naming import named
from modelscan.running.converge.refusing import Unplaced, refusal
from modelscan.running.deploy import kept_request
from modelscan.selecting.context import Context
from modelscan.selecting.installations import installations
from modelscan.selecting.machine import machine
from modelscan.selecting.others import refuse_closed
from modelscan.selecting.plan import Planned, asked_of, deciding, plan_resolved
from modelscan.selecting.requests import DeployRequest, difference
from modelscan.selecting.resolve import resolve_request
from modelscan.selecting.resolved import Resolved
from modelscan.units import format_bytes

_STAYS, _MOVES = (0,), (1,)


@dataclass(frozen=True, kw_only=True, slots=True)
class Together:
    """`actions` with where each will run; `requests` are those to deploy, in the order of their starts; `ids` those of
    the deployments that there are, by name: another command may make new ones. `again` is the command to go on with.
    """

    actions: tuple[UpAction, ...]
    requests: tuple[DeployRequest, ...] = ()
    plans: Mapping[str, Planned] = field(default_factory=dict)
    timeouts: Mapping[str, float | None] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    again: str = "modelscan up"


def plan_together(
    context: Context,
    wanted: Sequence[DeployRequest],
    found: Sequence[Deployment],
    gone: Sequence[UpAction] = (),
) -> Together:
    """What is to be done for all that is wanted, `gone` besides, and where it runs. A request without a name gets that
    of its model.

    Raises NoFit with the smallest change and, in `details["actions"]`, the whole plan; ModelNotFound with every name
    that is unknown; and what finding the models raises.
    """
    planning = _Planning(context, wanted, found, gone)
    if is_settled(planning.actions.values()):
        return Together(actions=tuple(planning.actions.values()), ids=planning.ids)
    return planning.result()


class _Planning:
    def __init__(
        self,
        context: Context,
        wanted: Sequence[DeployRequest],
        found: Sequence[Deployment],
        gone: Sequence[UpAction],
    ) -> None:
        self.context = context
        self.resolved: dict[str, Resolved] = {}
        self.asked: dict[str, PlanRequest] = {}
        self.wanted = named(context, wanted)
        self.records = {item.name: record_of(item) for item in found}
        compared = compare(tuple(self.wanted.values()), found, self._documents)
        self.actions = {action.name: action for action in (*compared, *gone)}

    def _documents(self, request: DeployRequest, found: Deployment) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """With what the model's entry adds, where it has one or had one."""
        before, now = as_said(request, found)
        if not difference(before, now) and ENTRY not in found.request and not _has_entry(self.registered, found):
            return before, now
        return found.request, kept_request(request, self._resolve(str(request.name)))

    @cached_property
    def registered(self) -> Registered:
        return registered_models(self.context.settings)

    @property
    def ids(self) -> dict[str, str]:
        return {name: record.id for name, record in self.records.items()}

    @cached_property
    def hardware(self) -> Hardware:
        return machine(self.context)

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        return self.context.deployments.claims(self.hardware)

    @cached_property
    def kinds(self) -> Mapping[Place, str]:
        return kinds_of(self.hardware)

    @cached_property
    def installed(self) -> tuple[Installation, ...]:
        return tuple(installations(self.context))

    def result(self) -> Together:
        new = [name for name in self._named("create", "replace") if not self.wanted[name].on_demand]
        pinned = [name for name in self._named("start") if self._pinned(name)]
        gone = [*self._named("replace", "remove")]
        machine = self._without(gone)
        packed = pack([*self._items(new, machine), *map(self._staying, pinned)], room_of(machine), self.kinds)
        moved: frozenset[str] = frozenset()
        if packed is None:
            kept = [name for name in self._named("keep") if name in self.wanted and self._pinned(name)]
            machine, packed = self._anew(new, pinned, kept, gone)
            moved = frozenset(name for name in (*pinned, *kept) if packed.ways[name].cost[0])
        dealt = {name: way for name, way in packed.ways.items() if name in new or name in moved}
        room = self._room_beside(machine, packed, dealt)
        plans, given = self._dealt(dealt, machine, room)
        later = [name for name in self._named("create", "replace") if self.wanted[name].on_demand]
        for name in later:
            plans[name], given[name] = self._on_demand(name, machine, room)
        return self._told(plans, given, moved, later)

    def _named(self, *words: str) -> list[str]:
        return [name for name, action in self.actions.items() if action.action in words]

    def _resolve(self, name: str) -> Resolved:
        if name not in self.resolved:
            resolved = resolve_request(self.context, self.wanted[name].plan)
            if resolved.model is not None:
                refuse_closed(self.context, resolved.model, self.wanted[name].plan)
            self.resolved[name] = resolved
        return self.resolved[name]

    def _asked(self, name: str) -> PlanRequest:
        if name not in self.asked:
            self.asked[name] = asked_of(self.context, self._resolve(name), self.wanted[name].plan)
        return self.asked[name]

    def _without(self, names: Iterable[str]) -> Hardware:
        """The machine as it is once these have ended, with what all others will still take counted as taken."""
        ended = frozenset(names)
        going = [claim for claim in self.claims if claim.deployment in ended]
        staying = [claim for claim in self.claims if claim.deployment not in ended]
        return without_claimed(with_claims_back(self.hardware, going), staying)

    def _pinned(self, name: str) -> bool:
        return claimed_bytes(self.records[name]) is not None

    def _staying(self, name: str) -> Item:
        return Item(name=name, ways=(_as_it_is(self.records[name], self.hardware),))

    def _items(self, names: Iterable[str], hardware: Hardware) -> list[Item]:
        return [Item(name=name, ways=self._ways(name, hardware)) for name in names]

    def _ways(self, name: str, hardware: Hardware, asked: PlanRequest | None = None) -> tuple[Way, ...]:
        resolved = self._resolve(name)
        decide = deciding(self.context, resolved, self.installed)
        return ways_of(asked or self._asked(name), hardware, decide, lambda chosen: _shape(resolved, chosen))

    def _anew(
        self, new: Sequence[str], pinned: Sequence[str], kept: Sequence[str], gone: Sequence[str]
    ) -> tuple[Hardware, Packed]:
        """With what runs or is pinned already free to be planned anew. Raises NoFit."""
        hardware = self._without([*gone, *kept])
        items = [
            Item(name=item.name, ways=tuple(_costing(_STAYS, way) for way in item.ways))
            for item in self._items(new, hardware)
        ]
        for name in (*pinned, *kept):
            ways = (_as_it_is(self.records[name], hardware), *self._ways(name, hardware))
            costs = (_STAYS, *(_MOVES for _ in ways))
            items.append(Item(name=name, ways=tuple(map(_costing, costs, ways))))
        packed = pack(items, room_of(hardware), self.kinds)
        if packed is not None:
            return hardware, packed
        unplaced = [self._unplaced(item.name, hardware) for item in items]
        raise refusal(items, unplaced, hardware, self.kinds, tuple(self.actions.values()))

    def _unplaced(self, name: str, hardware: Hardware) -> Unplaced:
        return Unplaced(
            name=name,
            asked=self._asked(name),
            ways_of=lambda asked: self._ways(name, hardware, asked),
            planned=lambda share, asked: self._planned(name, hardware, share, asked),
        )

    def _room_beside(self, machine: Hardware, packed: Packed, dealt: Mapping[str, Way]) -> dict[Place, int]:
        """What is left beside those that stay as they are."""
        room = room_of(machine)
        for name, way in packed.ways.items():
            if name not in dealt:
                for place, size in way.takes.items():
                    room[place] -= size
        return room

    def _dealt(
        self, chosen: Mapping[str, Way], machine: Hardware, room: dict[Place, int]
    ) -> tuple[dict[str, Planned], dict[str, Share]]:
        """The plan of each with its share of what is left over: the smallest first, as it often needs less than that.

        `room` is then what nobody took.
        """
        plans, given = dict[str, Planned](), dict[str, Share]()
        open_ = dict(chosen)
        for name in sorted(chosen, key=lambda name: (sum(chosen[name].takes.values()), name)):
            share = shares(open_, room)[name]
            planned = self._planned(name, machine, share)
            if planned.plan.chosen is None:  # the planner found one with less, and surely does again
                share = open_[name].takes
                planned = self._planned(name, machine, share)
            plans[name], given[name] = planned, share
            taken = _taken(planned.plan.chosen, share, open_.pop(name), self.hardware)
            for place, size in taken.items():
                room[place] -= size
        return plans, given

    def _planned(self, name: str, hardware: Hardware, share: Share, asked: PlanRequest | None = None) -> Planned:
        return plan_resolved(self.context, self._resolve(name), asked or self._asked(name), hardware, share=share)

    def _on_demand(self, name: str, machine: Hardware, room: Mapping[Place, int]) -> tuple[Planned, Share]:
        """Beside all others where it fits there, else on the machine as it is while nothing runs."""
        for hardware, free in ((machine, room), (when_idle(self.hardware), None)):
            there = room_of(hardware) if free is None else free
            packed = pack([Item(name=name, ways=self._ways(name, hardware))], there, self.kinds)
            if packed is not None:
                share = shares(packed.ways, there)[name]
                return self._planned(name, hardware, share), share
        idle, alone = when_idle(self.hardware), Item(name=name, ways=())
        raise refusal([alone], [self._unplaced(name, idle)], idle, self.kinds, tuple(self.actions.values()))

    def _told(
        self,
        plans: Mapping[str, Planned],
        given: Mapping[str, Share],
        moved: frozenset[str],
        later: Sequence[str],
    ) -> Together:
        """The actions with their figures, and the requests, the weightiest first, what starts later last."""
        made_room_for = [name for name in plans if name not in moved and name not in later]
        actions = []
        for name, action in self.actions.items():
            told = action
            if name in moved:
                told = _moved(action, self.records[name], plans[name].plan.chosen, made_room_for)
            chosen = plans[name].plan.chosen if name in plans else None
            actions.append(told if chosen is None else _with_figures(told, self.resolved[name], chosen))
        order = sorted(plans, key=lambda name: (name in later, -_memory(plans[name].plan.chosen), name))
        requests = [
            dataclasses.replace(
                self.wanted[name],
                share=given[name],
                anew=name in moved,
                replace=name in self.records,
                started_by=(self.records[name].spec.started_by if name in moved else None) or "up",
                wait=False,
            )
            for name in order
        ]
        return Together(
            actions=tuple(actions),
            requests=tuple(requests),
            plans=plans,
            timeouts={name: request.timeout for name, request in self.wanted.items()},
            ids=self.ids,
        )


def _has_entry(registered: Registered, found: Deployment) -> bool:
    """Whether somebody here registered its model under one of its names."""
    names = {name for name in (found.model, found.catalog_id, found.repo_id, found.reference) if name}
    return any((entry := registered.find(name)) is not None and not entry.model.built_in for name in names)


def _shape(resolved: Resolved, chosen: Candidate) -> Architecture | None:
    return next((item.architecture for item in resolved.options if item.repo_id == chosen.repo_id), None)


def _costing(part: tuple[int, ...], way: Way) -> Way:
    return Way(takes=way.takes, cost=(*part, *way.cost))


def _as_it_is(record: Record, hardware: Hardware) -> Way:
    """What it claims by the plan that is pinned."""
    pinned, size = record.pinned, claimed_bytes(record) or 0
    if not pinned.gpu_indices:
        return Way(takes={HOST: size})
    by_uuid = [place_of(gpu) for gpu in hardware.devices if gpu.uuid in pinned.gpu_uuids]
    by_index = [place_of(gpu) for gpu in hardware.devices if gpu.index in pinned.gpu_indices]
    places = by_uuid or by_index or ["a GPU that is gone"]
    beside = claimed_of(record).get(None)
    return Way(takes=dict.fromkeys(places, size) | ({HOST: beside} if beside else {}))


def _taken(chosen: Candidate | None, share: Share, way: Way, hardware: Hardware) -> Share:
    """What a plan takes of each place that it uses, on a GPU with the context of its process: never less than the least
    that it needs, never more than its share.
    """
    if chosen is None:
        return share
    used = {place_of(gpu): GPU_RESERVE for gpu in hardware.devices if chosen.uses(gpu)} or {HOST: 0}
    size = chosen.memory_per_gpu.total_bytes
    needed = {place: size + beside for place, beside in used.items()}
    if on_host := host_beside(chosen):
        needed[HOST] = on_host
    return {
        place: min(max(size, way.takes.get(place, 0)), share[place]) for place, size in needed.items() if place in share
    }


def _memory(chosen: Candidate | None) -> int:
    return 0 if chosen is None else chosen.memory_per_gpu.total_bytes * max(1, len(chosen.gpu_indices))


def _with_figures(action: UpAction, resolved: Resolved, chosen: Candidate) -> UpAction:
    return dataclasses.replace(
        action,
        model=" + ".join((resolved.model_id, *(item.model for item in chosen.beside))),
        quantization=chosen.quantization,
        max_model_len=chosen.max_model_len,
        gpu_indices=chosen.gpu_indices,
        memory_bytes=_memory(chosen) or None,
    )


def _moved(action: UpAction, record: Record, chosen: Candidate | None, others: Sequence[str]) -> UpAction:
    """One that is planned anew, as the others do not fit beside it as it is."""
    before, after = record.pinned, chosen
    figures = []
    if after is not None:
        memory = (before.estimated_bytes or 0, _memory(after))
        figures.append(f"memory: {format_bytes(memory[0])} before, {format_bytes(memory[1])} now")
        if before.max_model_len != after.max_model_len:
            figures.append(f"context_length: {before.max_model_len} before, {after.max_model_len} now")
        if before.gpu_indices != after.gpu_indices:
            figures.append(f"GPUs: {_gpus(before.gpu_indices)} before, {_gpus(after.gpu_indices)} now")
    names = ", ".join(f"`{name}`" for name in sorted(others))
    cause = f"it makes room for {names}" if names else "its plan does not fit beside the others"
    return dataclasses.replace(action, action="replace", cause=cause, difference=tuple(figures))


def _gpus(indices: tuple[int, ...]) -> str:
    return ", ".join(map(str, indices)) or "none"
