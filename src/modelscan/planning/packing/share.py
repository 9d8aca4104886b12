"""What is left of each place once all have their least, dealt out in proportion."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from modelscan import dataclasses
from modelscan.model import Cpu, Gpu, Hardware
from modelscan.planning.options.budget import HOST_RESERVE
from modelscan.planning.packing.pack import HOST, Place, Way, place_of

Share = Mapping[Place, int]


def shares(chosen: Mapping[str, Way], room: Mapping[Place, int]) -> dict[str, Share]:
    """The bytes that each may use of its places: never more together than there is, never less than it takes.

    One that runs on several GPUs gets the same addition on each, in proportion to what it takes there.
    """
    taken: defaultdict[Place, int] = defaultdict(int)
    for way in chosen.values():
        for place, size in way.takes.items():
            taken[place] += size
    found: dict[str, Share] = {}
    for name, way in chosen.items():
        more = min(((room[place], taken[place]) for place in way.takes), key=lambda pair: pair[0] / max(pair[1], 1))
        found[name] = {place: max(size, size * more[0] // max(more[1], 1)) for place, size in way.takes.items()}
    return found


def within(hardware: Hardware, share: Share) -> Hardware:
    """The machine as one deployment sees it: its places, with its share of them free."""
    devices = tuple(
        dataclasses.replace(gpu, memory_free_bytes=_least(gpu.memory_free_bytes, share[place_of(gpu)]))
        for gpu in hardware.devices
        if place_of(gpu) in share
    )
    if HOST not in share:
        return dataclasses.replace(hardware, devices=devices)
    free = _least(hardware.cpu.memory_free_bytes, share[HOST] + HOST_RESERVE)
    cpu = dataclasses.replace(hardware.cpu, memory_free_bytes=free)
    return dataclasses.replace(hardware, devices=devices, cpu=cpu)


def room_of(hardware: Hardware) -> dict[Place, int]:
    """The bytes that are free of each place of a machine, of the host without what is never used; a place of unknown
    size is left out.
    """
    sizes = {place_of(gpu): _free(gpu) for gpu in hardware.devices} | {HOST: _host(hardware.cpu)}
    return {place: size for place, size in sizes.items() if size is not None}


def _free(gpu: Gpu) -> int | None:
    total = gpu.memory_usable_bytes or gpu.memory_total_bytes
    return total if gpu.memory_free_bytes is None else min(gpu.memory_free_bytes, total or gpu.memory_free_bytes)


def _host(cpu: Cpu) -> int | None:
    free = cpu.memory_total_bytes if cpu.memory_free_bytes is None else cpu.memory_free_bytes
    return None if free is None else max(free - HOST_RESERVE, 0)


def _least(free: int | None, share: int) -> int:
    return share if free is None else min(free, share)
