"""How each pair of NVIDIA GPUs is connected: NVLink, peer access, the path over the bus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelscan.model import GpuLink

# nvml.h: nvmlGpuTopologyLevel_t, and nvmlGpuP2PStatus_t whose 6 is "unknown".
_PATHS = {0: "board", 10: "switch", 20: "switches", 30: "host-bridge", 40: "numa-node", 50: "system"}
_OK, _UNKNOWN = 0, 6
_READ, _NVLINK = 0, 2  # nvmlGpuP2PCapsIndex_t; pynvml 13.615 has a tuple for the first


def read_links(nvml: Any, handles: Sequence[tuple[int, Any]]) -> tuple[GpuLink, ...]:
    """Every pair of `handles`, each of which comes with its index."""
    return tuple(
        GpuLink(
            gpus=(one, other),
            nvlink=_status(nvml, first, second, _NVLINK),
            p2p=_status(nvml, first, second, _READ),
            path=_path(nvml, first, second),
        )
        for place, (one, first) in enumerate(handles)
        for other, second in handles[place + 1 :]
    )


def interconnect(links: Sequence[GpuLink]) -> str | None:
    """`nvlink` only where it connects every pair: a plan over all of them is limited by the slowest."""
    if not links:
        return None
    return "nvlink" if all(link.nvlink for link in links) else "pcie"


def without_access(links: Sequence[GpuLink]) -> tuple[str, ...]:
    """A warning where GPUs are known to lack peer access."""
    apart = [link.gpus for link in links if link.p2p is False]
    if not apart:
        return ()
    pairs = ", ".join(f"{one} and {other}" for one, other in apart[:4])
    more = f" and {len(apart) - 4} more pairs" if len(apart) > 4 else ""  # noqa: PLR2004  as many as are named
    warning = (
        f"GPUs {pairs}{more} cannot read each other's memory (P2P): splitting a model over them is slow; "
        "if it hangs, add --env NCCL_P2P_DISABLE=1"
    )
    return (warning,)


def _status(nvml: Any, one: Any, other: Any, capability: int) -> bool | None:
    try:
        status = nvml.nvmlDeviceGetP2PStatus(one, other, capability)
    except nvml.NVMLError:
        return None
    return None if status == _UNKNOWN else bool(status == _OK)


def _path(nvml: Any, one: Any, other: Any) -> str | None:
    try:
        return _PATHS.get(int(nvml.nvmlDeviceGetTopologyCommonAncestor(one, other)))
    except nvml.NVMLError:
        return None
