"""How much of a GPU's memory one process can get: the driver reserves a part."""

from __future__ import annotations

from modelscan.model import Vendor
from modelscan.units import GIB

# The driver's total less the total that CUDA or HIP offered ("total memory" in vLLM logs of public issues, 2024-2026):
# T4 0.44, RTX 3090 0.42, L4 0.54, A100 40 GB 0.62, A100 80 GB 0.85, H100 0.46-0.54, H200 0.68, MI300X 0.53 GiB.
# The line below lies on or above all of the NVIDIA figures but L4's, which it meets to 0.01.
_NVIDIA_FIXED = 0.4 * GIB
_NVIDIA_SHARE = 0.006
_NVIDIA_MOST = 0.9 * GIB
_OTHER = 0.55 * GIB


def usable_bytes(total: int | None, vendor: Vendor, *, reserved: int | None = None) -> int | None:
    """The most that one process can get of `total` bytes.

    `reserved` is the driver's own figure where it reports one (NVML's memory info, version 2).
    """
    if total is None:
        return None
    if reserved:
        return max(total - reserved, 0)
    kept = min(_NVIDIA_FIXED + _NVIDIA_SHARE * total, _NVIDIA_MOST) if vendor == "nvidia" else _OTHER
    return max(total - int(kept), 0)
