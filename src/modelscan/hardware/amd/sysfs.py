"""AMD GPUs from sysfs: KFD's topology and DRM's memory figures. Needs neither a tool nor root."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from modelscan.dataclasses import dataclass

# KFD io_links: type 11 is XGMI (kfd_crat.h, CRAT_IOLINK_TYPE_XGMI).
_XGMI = "11"
# KFD mem_banks: heap types 1 and 2 are the GPU's own memory (public and private framebuffer).
_FRAMEBUFFER = {"1", "2"}


@dataclass(frozen=True, kw_only=True, slots=True)
class KernelGpu:
    """One GPU node of KFD. `node` is its number, in whose order HIP enumerates GPUs. Power is in microwatts."""

    node: int
    gfx_target: str | None
    pci_bus_id: str | None = None
    uuid: str | None = None
    name: str | None = None
    vram_total: int | None = None
    vram_used: int | None = None
    gtt_total: int | None = None
    gtt_used: int | None = None
    power_limit: int | None = None
    power_default: int | None = None
    apu: bool = False
    xgmi_peers: frozenset[int] = frozenset()


def read_kernel_gpus(sysfs: Path) -> tuple[KernelGpu, ...]:
    """The GPU nodes in HIP's order; `()` without the amdgpu driver. Never raises."""
    nodes = sysfs / "class" / "kfd" / "kfd" / "topology" / "nodes"
    try:
        folders = sorted(
            (folder for folder in nodes.iterdir() if folder.name.isdecimal()), key=lambda path: int(path.name)
        )
    except OSError:
        return ()
    found = (_read_node(folder, sysfs) for folder in folders)
    return tuple(gpu for gpu in found if gpu is not None)


def gfx_from_kfd(value: int) -> str | None:
    """`gfx_target_version` as LLVM names it: decimal MMmmss, minor and stepping as hex: 90402 → gfx942."""
    return f"gfx{value // 10000}{value // 100 % 100:x}{value % 100:x}" if value > 0 else None


def _read_node(folder: Path, sysfs: Path) -> KernelGpu | None:
    properties = _properties(folder / "properties")
    gfx = gfx_from_kfd(_number(properties.get("gfx_target_version")) or 0)
    if gfx is None:
        return None
    unique = _number(properties.get("unique_id"))
    drm = _drm_device(sysfs, _number(properties.get("drm_render_minor")))
    vram = _bytes(drm, "mem_info_vram_total") or sum(_banks(folder)) or None
    return KernelGpu(
        node=int(folder.name),
        gfx_target=gfx,
        pci_bus_id=_bus_id(properties),
        uuid=f"GPU-{unique:016x}" if unique else None,
        name=_line(drm / "product_name") if drm else None,
        vram_total=vram,
        vram_used=_bytes(drm, "mem_info_vram_used"),
        gtt_total=_bytes(drm, "mem_info_gtt_total"),
        gtt_used=_bytes(drm, "mem_info_gtt_used"),
        power_limit=_power(drm, "power1_cap"),
        power_default=_power(drm, "power1_cap_default"),
        # The node of an APU includes the CPU's cores.
        apu=(_number(properties.get("cpu_cores_count")) or 0) > 0,
        xgmi_peers=frozenset(_xgmi_peers(folder)),
    )


def _drm_device(sysfs: Path, minor: int | None) -> Path | None:
    if not minor:
        return None
    device = sysfs / "class" / "drm" / f"renderD{minor}" / "device"
    return device if device.is_dir() else None


def _bus_id(properties: dict[str, str]) -> str | None:
    location, domain = _number(properties.get("location_id")), _number(properties.get("domain")) or 0
    if location is None:
        return None
    # location_id packs bus (8 bits), device (5) and function (3), as the kernel's PCI_DEVID does.
    return f"{domain:04x}:{location >> 8 & 0xFF:02x}:{location >> 3 & 0x1F:02x}.{location & 7}"


def _banks(folder: Path) -> Iterator[int]:
    for bank in _children(folder / "mem_banks"):
        properties = _properties(bank / "properties")
        if properties.get("heap_type") in _FRAMEBUFFER:
            yield _number(properties.get("size_in_bytes")) or 0


def _xgmi_peers(folder: Path) -> Iterator[int]:
    for link in _children(folder / "io_links"):
        properties = _properties(link / "properties")
        peer = _number(properties.get("node_to"))
        if properties.get("type") == _XGMI and peer is not None:
            yield peer


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _properties(path: Path) -> dict[str, str]:
    pairs = (line.split(maxsplit=1) for line in _read(path).splitlines())
    return {pair[0]: pair[1].strip() for pair in pairs if len(pair) == 2}  # noqa: PLR2004  key and value


def _bytes(folder: Path | None, name: str) -> int | None:
    return _number(_line(folder / name)) if folder else None


def _power(folder: Path | None, name: str) -> int | None:
    """Of the first sensor that has it, as amdgpu has one for each GPU."""
    found = (_number(_line(sensor / name)) for sensor in _children(folder / "hwmon")) if folder else iter(())
    return next((value for value in found if value), None)


def _line(path: Path) -> str | None:
    return _read(path).strip() or None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
