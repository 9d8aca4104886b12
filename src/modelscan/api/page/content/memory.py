"""Memory as bars: what each deployment holds and has claimed, what others use, what is free."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from modelscan.dataclasses import dataclass, field
from modelscan.model import Candidate, Claim, Gpu, Hardware
from modelscan.units import format_bytes

HUES = 8
_PARTS = (("weights", "Weights"), ("activations", "Activations"), ("overhead", "Overhead"), ("kv_cache", "KV cache"))


@dataclass(frozen=True, slots=True)
class Segment:
    """`look` is its class in the stylesheet; `start` and `width` are percent of the bar. One without a label belongs to
    the one before it.
    """

    label: str
    look: str
    size_bytes: int
    start: float
    width: float
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One device. `before_cache` is between which bytes a plan's needs before the KV cache lie."""

    name: str
    about: str
    total_bytes: int
    used_bytes: int
    claimed_bytes: int
    segments: tuple[Segment, ...] = ()
    before_cache: tuple[int, int] | None = None
    processes: tuple[tuple[int, int | None], ...] = field(default_factory=tuple)

    @property
    def bounds(self) -> tuple[float, float] | None:
        """`before_cache` in percent of the bar."""
        if self.before_cache is None:
            return None
        low, high = (min(100.0 * (self.used_bytes + size) / self.total_bytes, 100.0) for size in self.before_cache)
        return round(low, 3), round(high, 3)

    @property
    def told(self) -> str:
        """The bar in words."""
        parts = [f"{item.label} {format_bytes(item.size_bytes)}" for item in self.segments if item.label]
        return f"{self.name}, {format_bytes(self.total_bytes)}: {', '.join(parts) or 'nothing known'}"


def hues(names: Iterable[str]) -> dict[str, int]:
    """The colour of each deployment, by its place among them."""
    return {name: place % HUES for place, name in enumerate(names)}


def device_bars(hardware: Hardware, claims: Sequence[Claim], colours: Mapping[str, int]) -> list[Bar]:
    """A bar for each GPU; the host's memory where there is none, or where deployments claim some of it."""
    bars = [
        _gpu_bar(gpu, [item for item in claims if item.gpu_index == gpu.index], colours) for gpu in hardware.devices
    ]
    on_host = [item for item in claims if item.gpu_index is None]
    cpu = hardware.cpu
    if (on_host or not bars) and cpu.memory_total_bytes:
        about = " · ".join(filter(None, (cpu.model, f"{cpu.cores} cores" if cpu.cores else "")))
        bars.append(_bar("Host memory", about, cpu.memory_total_bytes, cpu.memory_free_bytes, on_host, colours))
    return bars


def _gpu_bar(gpu: Gpu, claims: Sequence[Claim], colours: Mapping[str, int]) -> Bar:
    name = f"GPU {gpu.index}" if gpu.mig_index is None else f"GPU {gpu.index}:{gpu.mig_index}"
    total = gpu.memory_total_bytes or gpu.memory_usable_bytes or 0
    processes = tuple((item.pid, item.memory_bytes) for item in gpu.processes)
    return _bar(name, gpu.name or "", total, gpu.memory_free_bytes, claims, colours, processes)


def _bar(
    name: str,
    about: str,
    total: int,
    free: int | None,
    claims: Sequence[Claim],
    colours: Mapping[str, int],
    processes: tuple[tuple[int, int | None], ...] = (),
) -> Bar:
    used = max(total - free, 0) if free is not None else 0
    parts: list[tuple[str, str, int, str]] = []
    held = 0
    for item in claims:
        hue, size = f"hue-{colours.get(item.deployment, 0)}", item.claimed_bytes - item.outstanding_bytes
        held += size
        of = f"of {format_bytes(item.claimed_bytes)} claimed" if item.outstanding_bytes else ""
        parts.append((item.deployment, hue, size, of))
        parts.append(("" if size else item.deployment, f"{hue} promised", item.outstanding_bytes, "claimed"))
    foreign = max(used - held, 0)
    parts.append(("others" if held or processes else "in use", "foreign", foreign, ""))
    return Bar(
        name=name,
        about=about,
        total_bytes=total,
        used_bytes=used,
        claimed_bytes=sum(item.claimed_bytes for item in claims),
        segments=tuple(_laid_out(parts, total)),
        processes=processes,
    )


def _laid_out(parts: Iterable[tuple[str, str, int, str]], total: int) -> Iterable[Segment]:
    """From the left on; what would pass the end of the bar is cut."""
    at = 0.0
    for label, look, size, note in parts:
        width = min(100.0 * size / total, 100.0 - at) if total else 0.0
        if size > 0 and width > 0:
            yield Segment(label, look, size, round(at, 3), round(width, 3), note)
            at += width


def plan_bar(candidate: Candidate, hardware: Hardware) -> Bar:
    """What the candidate takes of each of its devices, of which the fullest is shown."""
    memory = candidate.memory_per_gpu
    used = [gpu for gpu in hardware.devices if candidate.uses(gpu)]
    if used:
        gpu = min(used, key=lambda item: item.memory_free_bytes or item.memory_total_bytes or 0)
        whole, free = gpu.memory_usable_bytes or gpu.memory_total_bytes or 0, gpu.memory_free_bytes
        name = "Each GPU" if len(used) > 1 else f"GPU {gpu.index}"
        about = gpu.name or ""
    else:
        cpu = hardware.cpu
        whole, free = cpu.memory_total_bytes or cpu.memory_free_bytes or memory.total_bytes, cpu.memory_free_bytes
        name, about = "Host memory", cpu.model or ""
    others = max(whole - free, 0) if free is not None else 0
    parts = [("used by others", "foreign", others, "")]
    for part, label in _PARTS:
        lines = [line for line in candidate.arithmetic if line.part == part]
        low, high = max(sum(line.low_bytes for line in lines), 0), sum(line.high_bytes for line in lines)
        note = f"{format_bytes(low)} to {format_bytes(high)}" if high > low else ""
        parts.append((label, f"part-{part.replace('_', '-')}", getattr(memory, f"{part}_bytes"), note))
    before = memory.total_bytes - memory.kv_cache_bytes
    low = max(before - (memory.kv_cache_high_bytes - memory.kv_cache_bytes), 0)
    high = before + memory.kv_cache_bytes - memory.kv_cache_low_bytes
    return Bar(
        name=name,
        about=about,
        total_bytes=whole,
        used_bytes=others,
        claimed_bytes=memory.total_bytes,
        segments=tuple(_laid_out(parts, whole)),
        before_cache=(low, high) if whole and high > low else None,
    )
