"""The vendors of the display devices on the PCI bus: the one fact that needs no driver."""

from __future__ import annotations

from pathlib import Path

# PCI class codes: VGA, 3D controller, other display controller.
_DISPLAY = ("0x0300", "0x0302", "0x0380")
_VENDORS = {"0x10de": "nvidia", "0x1002": "amd", "0x8086": "intel"}


def display_vendors(sysfs: Path) -> frozenset[str]:
    """`nvidia`, `amd`, `intel` of the GPUs that the kernel lists, with or without a driver. Never raises."""
    found = set()
    try:
        for device in (sysfs / "bus" / "pci" / "devices").iterdir():
            if (device / "class").read_text(encoding="ascii").strip()[:6] in _DISPLAY:
                found.add(_VENDORS.get((device / "vendor").read_text(encoding="ascii").strip(), "other"))
    except (OSError, ValueError):
        pass
    return frozenset(found)


def numa_node(sysfs: Path, bus_id: str | None) -> int | None:
    """The NUMA node of a device; None on a machine with a single node."""
    if bus_id is None:
        return None
    try:
        node = int((sysfs / "bus" / "pci" / "devices" / bus_id / "numa_node").read_text().strip())
    except (OSError, ValueError):
        return None
    return node if node >= 0 else None
