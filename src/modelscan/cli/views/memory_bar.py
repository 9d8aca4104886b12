"""The memory of each device as a bar that can be read without colour."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.cli.output.printer import Printer
from modelscan.dataclasses import dataclass
from modelscan.model import Candidate, Gpu, Hardware
from modelscan.units import GIB, format_bytes, format_gib

_WIDEST, _IN_A_PIPE, _INDENT = 100, 64, 2
_ALIKE_BYTES = GIB // 16  # GPUs whose free memory differs by less share a bar


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters of each part, so that no part depends on its colour."""

    weights: str
    activations: str
    overhead: str
    kv_cache: str
    others: str
    free: str
    range: str


_UNICODE = Glyphs("█", "▒", "░", "▓", "▚", "·", "├─┤")
_ASCII = Glyphs("#", "+", "-", "=", "x", ".", "|-|")
_STYLES = {"weights": "blue", "activations": "yellow", "overhead": "magenta", "kv_cache": "green", "others": "red"}
_NAMES = {"kv_cache": "KV cache"}
_PARTS = ("weights", "activations", "overhead", "kv_cache")


@dataclass(frozen=True, slots=True)
class Device:
    """`whole` is what a process can use at most, `others` what other processes use; `used`: by the plan."""

    label: str
    whole: int
    others: int
    used: bool


def _glyphs_of(printer: Printer) -> Glyphs:
    return _UNICODE if printer.unicode else _ASCII


def show_memory(printer: Printer, candidate: Candidate, hardware: Hardware) -> None:
    """A bar per kind of device, and below it each part with its bounds."""
    glyphs, memory = _glyphs_of(printer), candidate.memory_per_gpu
    devices = _devices(candidate, hardware)
    parts = [(part, getattr(memory, f"{part}_bytes")) for part in _PARTS]
    width = min((printer.width or _IN_A_PIPE + _INDENT) - _INDENT, _WIDEST)
    for device in devices:
        free = max(device.whole - device.others - memory.total_bytes, 0) if device.used else None
        if free is None:
            printer.line(f"{device.label}: not needed", "dim")
            continue
        taken = f", {glyphs.others} {format_bytes(device.others)} used by others" if device.others else ""
        printer.line(f"{device.label}, {format_bytes(device.whole)}{taken}", "bold")
        drawn = [("others", device.others), *parts, ("free", free)]
        cells = _cells([size for _, size in drawn], width)
        bar = [
            (getattr(glyphs, part) * count, _STYLES.get(part, "dim"))
            for (part, _), count in zip(drawn, cells, strict=True)
        ]
        printer.segments([(" " * _INDENT, ""), *bar])
        if memory.kv_cache_high_bytes > memory.kv_cache_low_bytes:
            printer.line(" " * _INDENT + _range(candidate, device, width, glyphs), "dim")
    _show_parts(printer, candidate, parts, devices, glyphs)


def _show_parts(
    printer: Printer,
    candidate: Candidate,
    parts: Sequence[tuple[str, int]],
    devices: Sequence[Device],
    glyphs: Glyphs,
) -> None:
    memory = candidate.memory_per_gpu
    for part, size in parts:
        lines = [line for line in candidate.arithmetic if line.part == part]
        low, high = sum(line.low_bytes for line in lines), sum(line.high_bytes for line in lines)
        bounds = f"   {format_gib(max(low, 0))} to {format_gib(high)}" if high > low else ""
        style = _STYLES[part]
        name = _NAMES.get(part, part)
        printer.segments([(f"  {getattr(glyphs, part)} ", style), (f"{name:<12}{_gib(size)}{bounds}", "")])
    free = {max(device.whole - device.others - memory.total_bytes, 0) for device in devices if device.used}
    if len(free) == 1:
        printer.line(f"  {glyphs.free} {'free':<12}{_gib(free.pop())}", "dim")


def _gib(size: int) -> str:
    """The same unit for all, so that the column can be compared."""
    return f"{format_gib(size):>7} GiB"


def _devices(candidate: Candidate, hardware: Hardware) -> list[Device]:
    """The GPUs of the plan first, those that are alike as one; the host's memory where no GPU is used."""
    if not candidate.gpu_indices:
        cpu = hardware.cpu
        whole = cpu.memory_total_bytes or cpu.memory_free_bytes or candidate.memory_per_gpu.total_bytes
        taken = whole - cpu.memory_free_bytes if cpu.memory_free_bytes is not None else 0
        return [Device("Host memory", whole, max(taken, 0), True)]
    groups: dict[tuple[object, ...], list[Gpu]] = {}
    for gpu in sorted(hardware.devices, key=lambda gpu: not candidate.uses(gpu)):
        used = candidate.uses(gpu)
        taken = _taken(gpu) // _ALIKE_BYTES if used else 0
        groups.setdefault((used, gpu.name, _whole(gpu), taken), []).append(gpu)
    return [_device(group, used=bool(key[0])) for key, group in groups.items()]


def _device(group: Sequence[Gpu], *, used: bool) -> Device:
    first = group[0]
    count = f"{len(group)} x " if len(group) > 1 else ""
    which = index_text([gpu.index for gpu in group])
    if first.mig_index is not None:
        which = ",".join(f"{gpu.index}:{gpu.mig_index}" for gpu in group)
    label = f"GPU {which}  {count}{first.name or 'unknown GPU'}"
    return Device(label, _whole(first), max(_taken(gpu) for gpu in group), used)


def _whole(gpu: Gpu) -> int:
    return gpu.memory_usable_bytes or gpu.memory_total_bytes or 0


def _taken(gpu: Gpu) -> int:
    return max(_whole(gpu) - gpu.memory_free_bytes, 0) if gpu.memory_free_bytes is not None else 0


def index_text(indices: Sequence[int]) -> str:
    """`0-7`, `0,2,5-7`."""
    found: list[list[int]] = []
    for index in sorted(indices):
        if found and index == found[-1][-1] + 1:
            found[-1].append(index)
        else:
            found.append([index])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in found)


def _cells(sizes: Sequence[int], width: int) -> list[int]:
    """How many cells each part gets, all together `width`; one at least where there is anything."""
    whole = max(sum(sizes), 1)
    cells = [max(round(size / whole * width), 1) if size > 0 else 0 for size in sizes]
    while (over := sum(cells) - width) != 0 and any(cells):
        largest = cells.index(max(cells))
        cells[largest] -= 1 if over > 0 else -1
    return cells


def _range(candidate: Candidate, device: Device, width: int, glyphs: Glyphs) -> str:
    """Below the bar: where what is needed before the KV cache may end."""
    memory = candidate.memory_per_gpu
    before = memory.total_bytes - memory.kv_cache_bytes
    low = before - (memory.kv_cache_high_bytes - memory.kv_cache_bytes)
    high = before + (memory.kv_cache_bytes - memory.kv_cache_low_bytes)
    scale = width / max(device.whole, 1)
    start = min(int((device.others + low) * scale), width - 2)
    end = min(max(int((device.others + high) * scale), start + 1), width - 1)
    mark = glyphs.range[0] + glyphs.range[1] * (end - start - 1) + glyphs.range[2]
    sizes = f"{format_gib(max(low, 0))} to {format_gib(high)} GiB"
    for label in (f"needed before the KV cache: {sizes}", f"before KV cache: {sizes}", sizes):
        if end + 2 + len(label) <= width:
            return f"{' ' * start}{mark} {label}"
        if len(label) < start:
            return f"{label:>{start - 1}} {mark}"
    return f"{' ' * start}{mark}"
