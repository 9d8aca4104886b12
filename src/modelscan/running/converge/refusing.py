"""Where not all of what is wanted fits: what does not, and the smallest change after which all would."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from modelscan import dataclasses
from modelscan.dataclasses import dataclass
from modelscan.errors import NoFit
from modelscan.model import Candidate, Hardware, PlanRequest
from modelscan.model.results import UpAction
from modelscan.planning.packing.pack import HOST, Item, Place, Way, place_of
from modelscan.planning.packing.remedies import Remedy, Smaller, remedies
from modelscan.planning.packing.share import Share, room_of, shares
from modelscan.selecting.plan import Planned
from modelscan.storage.documents import to_document
from modelscan.units import format_bytes

# What an entry may give up, by the key of the file: the field that goes back to its default, and what is said instead.
_GIVEN_UP: Mapping[str, tuple[str, Callable[[Candidate], object]]] = {
    "context_length": ("context_length", lambda chosen: chosen.max_model_len),
    "max_concurrency": ("max_concurrency", lambda chosen: chosen.max_num_seqs),
    "quantization": ("quantization", lambda chosen: chosen.quantization),
    "gpus": ("gpu_count", lambda chosen: len(chosen.gpu_indices)),
    "gpu": ("gpus", lambda chosen: f"[{', '.join(map(str, chosen.gpu_indices))}]"),
}
_DEFAULT = PlanRequest(model="")


@dataclass(frozen=True, kw_only=True, slots=True)
class Unplaced:
    """One of those that do not fit together, and what would be planned for it if less were `asked`."""

    name: str
    asked: PlanRequest
    ways_of: Callable[[PlanRequest], tuple[Way, ...]]
    planned: Callable[[Share, PlanRequest], Planned]


def refusal(
    items: Sequence[Item],
    unplaced: Sequence[Unplaced],
    hardware: Hardware,
    kinds: Mapping[Place, str],
    actions: Sequence[UpAction],
) -> NoFit:
    """The failure, with the need of each, the smallest change, and the whole plan in its details."""
    room = room_of(hardware)
    by_name = {item.name: item for item in unplaced}
    smaller = [
        Smaller(name=item.name, key=key, ways=item.ways_of(dataclasses.replace(item.asked, **{field: default})))
        for item in unplaced
        for key, (field, _) in _GIVEN_UP.items()
        if getattr(item.asked, field) != (default := getattr(_DEFAULT, field))
    ]
    found = remedies(items, smaller, room, kinds)
    alone = [item.name for item in items if not item.ways]
    if len(items) == 1 or alone:
        names = ", ".join(f"`{name}`" for name in alone or [items[0].name])
        message = f"{names} {'does' if len(alone) < 2 else 'do'} not fit this machine as asked"  # noqa: PLR2004
    else:
        message = f"these {len(items)} deployments do not fit this machine together"
    return NoFit(
        message,
        cause=[*(_need(item, by_name[item.name], room) for item in items), _free(room, hardware)],
        hints=[_hint(remedy, by_name, room) for remedy in found] or ["modelscan gpu"],
        details={
            "actions": to_document(actions),
            "changes": [{"kind": item.kind, "names": list(item.names), "key": item.key} for item in found],
        },
    )


def _need(item: Item, unplaced: Unplaced, room: Mapping[Place, int]) -> str:
    least = min(item.ways, key=lambda way: sum(way.takes.values()), default=None)
    if least is None:
        rejected = unplaced.planned(room, unplaced.asked).plan.rejected
        return f"`{item.name}`: {rejected[0].reason if rejected else 'nothing is known of its architecture'}"
    each, count = format_bytes(max(least.takes.values())), len(least.takes)
    where = "" if HOST in least.takes else " of a GPU" if count == 1 else f" on each of {count} GPUs"
    return f"`{item.name}` needs at least {each}{where}"


def _free(room: Mapping[Place, int], hardware: Hardware) -> str:
    if not hardware.devices:
        return f"free: {format_bytes(room.get(HOST))}"
    free = (f"GPU {gpu.index} {format_bytes(room.get(place_of(gpu)))}" for gpu in hardware.devices)
    return f"free: {', '.join(free)}"


def _hint(remedy: Remedy, unplaced: Mapping[str, Unplaced], room: Mapping[Place, int]) -> str:
    names = " and ".join(f"`{name}`" for name in remedy.names)
    if remedy.kind == "leave-out":
        return f"leave out {names}: {'it does' if len(remedy.names) == 1 else 'they do'} not fit even alone"
    if remedy.kind == "on-demand":
        return f"let {names} start on demand, so that not all run at once: on_demand: true"
    name, key = remedy.names[0], str(remedy.key)
    field, value_of = _GIVEN_UP[key]
    item = unplaced[name]
    asked = dataclasses.replace(item.asked, **{field: getattr(_DEFAULT, field)})
    chosen = item.planned(shares(remedy.packed.ways, room)[name], asked).plan.chosen
    value = value_of(chosen) if chosen is not None else None
    return f"shrink {names}: {key}: {value}" if value else f"shrink {names}: leave out {key}"
