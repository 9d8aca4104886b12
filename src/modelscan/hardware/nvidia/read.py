"""NVIDIA GPUs through NVML (`pynvml` is NVIDIA's own binding)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from modelscan.dataclasses import replace
from modelscan.hardware.nvidia.links import interconnect, read_links, without_access
from modelscan.hardware.probe import Detected
from modelscan.hardware.reserve import usable_bytes
from modelscan.model import Gpu, GpuProcess

T = TypeVar("T")

# What to do about an error of nvmlInit, by its number in nvml.h; the text completes "the NVIDIA driver ...".
DRIVER_NOT_LOADED, _LOST, VERSION_MISMATCH = 9, 15, 18
_LIBRARY_NOT_FOUND = 12
ADVICE = {
    4: "denies this user access; join the group that owns /dev/nvidia*, or ask the administrator",
    9: "is installed but not loaded; try: sudo modprobe nvidia, or reboot",
    12: "is missing its library libnvidia-ml.so.1; install the driver, or start the container with --gpus all",
    15: "lost a GPU, which fell off the bus; reboot",
    18: "was updated while the old version is still loaded; reboot",
    999: "reports an unknown error; a container may have lost access to its GPU: restart it",
}
NONE_LISTED = (
    "an NVIDIA GPU is on the PCI bus, but the driver does not list it; see why: sudo dmesg | grep -i nvrm; in a"
    " container, start it with --gpus all"
)
UNIFIED_NAMES = ("GB10", "N1X", "Orin", "Thor")


def read_nvidia(*, host_total: int | None, host_free: int | None, expected: bool) -> Detected:
    """All NVIDIA GPUs; a GPU in MIG mode is replaced by its slices.

    `host_total` and `host_free` are the memory of GPUs that share the host's. `expected` is whether an NVIDIA GPU is
    on the PCI bus: only then is a missing driver worth a warning. Never raises.
    """
    if not _library_there():
        return _no_driver(_LIBRARY_NOT_FOUND, "", expected=expected)
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return _no_driver(int(error.value), str(error), expected=expected)
    try:
        found = _Reader(pynvml, host_total, host_free).read()
    except pynvml.NVMLError as error:
        return Detected(answered=False, faults=(f"the NVIDIA driver failed during the query: {error}",))
    finally:
        _attempt(pynvml, pynvml.nvmlShutdown)
    if expected and not found.devices and not found.faults:
        return replace(found, faults=(NONE_LISTED,))
    return found


def _library_there() -> bool:
    """Whether the loader finds NVML: a machine without a GPU should not pay for importing its binding."""
    import ctypes

    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return False
    return True


def _no_driver(number: int, message: str, *, expected: bool) -> Detected:
    if not expected and number in {_LIBRARY_NOT_FOUND, DRIVER_NOT_LOADED}:
        return Detected(answered=False)
    advice = ADVICE.get(number, f"cannot be queried: {message}")
    return Detected(answered=False, faults=(f"the NVIDIA driver {advice}",))


def _attempt(nvml: Any, ask: Callable[..., T], *arguments: Any) -> T | None:
    """The answer, or None where this driver or GPU does not support the query."""
    try:
        return ask(*arguments)
    except nvml.NVMLError:
        return None


class _Reader:
    def __init__(self, nvml: Any, host_total: int | None, host_free: int | None) -> None:
        self.nvml = nvml
        self.host_total = host_total
        self.host_free = host_free
        self.faults: list[str] = []

    def read(self) -> Detected:
        nvml = self.nvml
        devices: list[Gpu] = []
        handles: list[tuple[int, Any]] = []
        for index in range(nvml.nvmlDeviceGetCount()):
            try:
                handle = nvml.nvmlDeviceGetHandleByIndex(index)
                devices.extend(self._gpus(index, handle))
                handles.append((index, handle))
            except nvml.NVMLError as error:
                what = "fell off the bus; reboot, or see" if error.value == _LOST else f"cannot be used: {error}; see"
                self.faults.append(f"GPU {index} {what}: nvidia-smi -q -i {index}")
        version = _attempt(nvml, nvml.nvmlSystemGetCudaDriverVersion_v2)
        links = read_links(nvml, handles)
        return Detected(
            devices=tuple(devices),
            driver_version=_text(_attempt(nvml, nvml.nvmlSystemGetDriverVersion)),
            cuda_version=f"{version // 1000}.{version % 1000 // 10}" if version else None,
            interconnect=interconnect(links),
            links=links,
            warnings=without_access(links),
            faults=tuple(self.faults),
        )

    def _gpus(self, index: int, handle: Any) -> Iterator[Gpu]:
        nvml = self.nvml
        mode = _attempt(nvml, nvml.nvmlDeviceGetMigMode, handle)
        if not mode or mode[0] != nvml.NVML_DEVICE_MIG_ENABLE:
            yield self._gpu(index, handle, handle, mig=None if mode is None else False)
            return
        slices = list(self._slices(handle))
        if not slices:
            self.faults.append(
                f"GPU {index} is in MIG mode but has no instances; create one (sudo nvidia-smi mig -cgi 0 -C -i"
                f" {index}) or disable the mode (sudo nvidia-smi -i {index} -mig 0)"
            )
        for number, part in slices:
            yield self._gpu(index, part, handle, mig=True, mig_index=number)

    def _slices(self, handle: Any) -> Iterator[tuple[int, Any]]:
        nvml = self.nvml
        for number in range(_attempt(nvml, nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0):
            part = _attempt(nvml, nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, number)
            if part is not None:
                yield number, part

    def _gpu(self, index: int, handle: Any, physical: Any, *, mig: bool | None, mig_index: int | None = None) -> Gpu:
        """`handle` is the GPU or its slice; `physical` is the GPU, queried for what both share."""
        nvml = self.nvml
        name = _text(_attempt(nvml, nvml.nvmlDeviceGetName, handle))
        capability = _attempt(nvml, nvml.nvmlDeviceGetCudaComputeCapability, physical)
        pci = _attempt(nvml, nvml.nvmlDeviceGetPciInfo, physical)
        unified, total, usable, free = self._memory(handle, name)
        return Gpu(
            index=index,
            uuid=_text(_attempt(nvml, nvml.nvmlDeviceGetUUID, handle)),
            vendor="nvidia",
            name=name,
            memory_total_bytes=total,
            memory_usable_bytes=usable,
            memory_free_bytes=free,
            compute_capability=f"{capability[0]}.{capability[1]}" if capability else None,
            pci_bus_id=_bus_id(_text(pci.busId)) if pci is not None else None,
            mig=mig,
            mig_index=mig_index,
            integrated=unified,
            ecc=None if (ecc := _attempt(nvml, nvml.nvmlDeviceGetEccMode, physical)) is None else bool(ecc[0]),
            power_limit_watts=_watts(_attempt(nvml, nvml.nvmlDeviceGetEnforcedPowerLimit, physical)),
            power_default_watts=_watts(_attempt(nvml, nvml.nvmlDeviceGetPowerManagementDefaultLimit, physical)),
            processes=self._processes(handle),
        )

    def _memory(self, handle: Any, name: str | None) -> tuple[bool, int | None, int | None, int | None]:
        """Whether unified; total, usable, free: `used` of version 1 includes the driver's reserve, `free` does not."""
        nvml = self.nvml
        unified = any(part in (name or "") for part in UNIFIED_NAMES)
        try:
            memory = nvml.nvmlDeviceGetMemoryInfo(handle)
        except nvml.NVMLError_NotSupported:
            # GB10 and Tegra share the host's memory.
            return True, self.host_total, self.host_total, self.host_free
        if unified and self.host_total:
            # Some report only a small carve-out (seen on an N1X), others all memory, but count the page cache as used:
            # what the kernel calls available is free.
            return True, self.host_total, self.host_total, self.host_free
        detailed = _attempt(nvml, nvml.nvmlDeviceGetMemoryInfo, handle, nvml.nvmlMemory_v2)
        reserved = int(detailed.reserved) if detailed is not None else None
        total = int(memory.total)
        return unified, total, usable_bytes(total, "nvidia", reserved=reserved), int(memory.free)

    def _processes(self, handle: Any) -> tuple[GpuProcess, ...]:
        nvml = self.nvml
        found = _attempt(nvml, nvml.nvmlDeviceGetComputeRunningProcesses, handle) or []
        return tuple(GpuProcess(pid=int(item.pid), memory_bytes=item.usedGpuMemory) for item in found)


def _text(value: object) -> str | None:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else None if value is None else str(value)


def _watts(milliwatts: int | None) -> int | None:
    return None if milliwatts is None else round(milliwatts / 1000)


def _bus_id(bus_id: str | None) -> str | None:
    """With a four-digit domain, as the kernel and every tool but NVML write it."""
    if bus_id is None:
        return None
    domain, _, rest = bus_id.partition(":")
    return f"{domain[-4:]}:{rest}".lower()
