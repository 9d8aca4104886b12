"""The vendors of the display devices on the PCI bus: the one fact that needs no driver."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

# PCI class codes: VGA, 3D controller, other display controller, processing accelerator. Only the first drives a screen.
_SCREEN = "0x0300"
_DISPLAY = (_SCREEN, "0x0302", "0x0380", "0x1200")
_VENDORS = {"0x10de": "nvidia", "0x1002": "amd", "0x8086": "intel"}


def display_vendors(sysfs: Path) -> frozenset[str]:
    """`nvidia`, `amd`, `intel` of the GPUs that the kernel lists, with or without a driver. Never raises."""
    return frozenset(vendor for _, vendor in _displays(sysfs))


def accelerators(sysfs: Path) -> frozenset[str]:
    """The vendors of those GPUs that drive no screen, and so are there for nothing but computing. Never raises."""
    return frozenset(vendor for kind, vendor in _displays(sysfs) if kind != _SCREEN)


def _displays(sysfs: Path) -> Iterator[tuple[str, str]]:
    """Class and vendor of each."""
    try:
        for device in (sysfs / "bus" / "pci" / "devices").iterdir():
            kind = (device / "class").read_text(encoding="ascii").strip()[:6]
            if kind in _DISPLAY:
                yield kind, _VENDORS.get((device / "vendor").read_text(encoding="ascii").strip(), "other")
    except (OSError, ValueError):
        return


def numa_node(sysfs: Path, bus_id: str | None) -> int | None:
    """The NUMA node of a device; None on a machine with a single node."""
    if bus_id is None:
        return None
    try:
        node = int((sysfs / "bus" / "pci" / "devices" / bus_id / "numa_node").read_text().strip())
    except (OSError, ValueError):
        return None
    return node if node >= 0 else None
