"""NVIDIA GPUs through `nvidia-smi`, where NVML's library cannot be loaded but the tool works."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence

from modelscan.dataclasses import replace
from modelscan.hardware.nvidia.drivers import cuda_of
from modelscan.hardware.nvidia.read import ADVICE, DRIVER_NOT_LOADED, NONE_LISTED, UNIFIED_NAMES, VERSION_MISMATCH
from modelscan.hardware.probe import PROBE_SECONDS, Detected, started, tool_fault
from modelscan.hardware.reserve import usable_bytes
from modelscan.model import Gpu
from modelscan.parsing.regex import regex
from modelscan.system.processes.run import Completed, Runner
from modelscan.units import GIB, MIB

_FIELDS = ("index", "uuid", "name", "memory.total", "memory.free", "driver_version", "pci.bus_id")
# Older drivers reject the whole query for one unknown field.
_NEWER_FIELDS = (("compute_cap", "mig.mode.current"), ("compute_cap",), ())
# On WSL the tool is outside PATH for some users.
_PROGRAMS = ("nvidia-smi", "/usr/lib/wsl/lib/nvidia-smi")
_MISMATCH = regex(r"version mismatch", re.IGNORECASE)
_NO_DRIVER = regex(r"couldn't communicate with the NVIDIA driver|driver not loaded", re.IGNORECASE)
_NO_DEVICE = regex(r"no devices were found", re.IGNORECASE)
_SLICE = regex(r"\s+MIG\s+(?P<profile>\S*?(?P<gib>\d+)gb\S*)\s+Device\s+(?P<number>\d+):\s*\(UUID:\s*(?P<uuid>[^)\s]+)")
# The share of a profile's size that its slice has: 9.5 GiB of an A100's 1g.10gb, 39.25 of a 3g.40gb (MIG guide).
_OF_PROFILE = 0.95


def read_nvidia_smi(
    *,
    environ: Mapping[str, str],
    run: Runner,
    host_total: int | None = None,
    host_free: int | None = None,
    expected: bool = False,
) -> Detected:
    """The GPUs of the tool; `answered` is False where it is missing or its output is unreadable. Never raises.

    `host_total` and `host_free` are the memory of GPUs that share the host's. `expected` is whether an NVIDIA GPU is
    on the PCI bus: without one, a driver that is not loaded is no fault.
    """
    ran: Completed | None = None
    for program in _PROGRAMS:
        for newer in _NEWER_FIELDS:
            fields = (*_FIELDS, *newer)
            argv = [program, f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"]
            done = run(argv, env=environ, timeout=PROBE_SECONDS)
            ran = done if started(done) else ran
            if done.ok:
                found = parse_nvidia_smi(done.stdout, fields, host_total=host_total, host_free=host_free)
                if not found.answered:
                    break
                if not any(gpu.mig for gpu in found.devices):
                    return found
                return _with_slices(found, run([program, "-L"], env=environ, timeout=PROBE_SECONDS).stdout)
            if done.returncode is None:  # missing or hanging: a shorter query does not help
                break
    fault = _fault(ran, expected=expected) if ran is not None else None
    return Detected(answered=False, faults=(fault,) if fault else ())


def _fault(done: Completed, *, expected: bool) -> str | None:
    """What the tool says is wrong with a GPU; None where there is none to be wrong."""
    output = f"{done.stdout}\n{done.stderr}"
    if _MISMATCH.search(output):
        return f"the NVIDIA driver {ADVICE[VERSION_MISMATCH]}"
    if _NO_DRIVER.search(output):
        return f"the NVIDIA driver {ADVICE[DRIVER_NOT_LOADED]}" if expected else None
    if _NO_DEVICE.search(output):
        return NONE_LISTED if expected else None
    return tool_fault("nvidia-smi", done)


def parse_nvidia_smi(
    text: str,
    fields: Sequence[str] = (*_FIELDS, "compute_cap"),
    *,
    host_total: int | None = None,
    host_free: int | None = None,
) -> Detected:
    """Parse the CSV of a query for `fields`. `[N/A]` and the like are unknown; sizes are MiB."""
    devices = []
    driver = None
    for row in csv.reader(text.splitlines(), skipinitialspace=True):
        if len(row) != len(fields) or not row[0].isdecimal():
            continue
        values = {key: None if value.startswith("[") else value for key, value in zip(fields, row, strict=True)}
        driver = driver or values["driver_version"]
        devices.append(_gpu(values, host_total, host_free))
    cuda = cuda_of(driver) if driver else None
    return Detected(devices=tuple(devices), driver_version=driver, cuda_version=cuda, answered=bool(devices))


def _gpu(values: Mapping[str, str | None], host_total: int | None, host_free: int | None) -> Gpu:
    total, free = _mebibytes(values["memory.total"]), _mebibytes(values["memory.free"])
    name, bus = values["name"], values["pci.bus_id"]
    usable, unified = usable_bytes(total, "nvidia"), any(part in (name or "") for part in UNIFIED_NAMES)
    if unified and host_total:  # it shares the host's memory, as in NVML
        total, usable, free = host_total, host_total, host_free
    mode = values.get("mig.mode.current")
    return Gpu(
        index=int(values["index"] or 0),
        uuid=values["uuid"],
        vendor="nvidia",
        name=name,
        memory_total_bytes=total,
        memory_usable_bytes=usable,
        memory_free_bytes=free,
        compute_capability=values.get("compute_cap"),
        pci_bus_id=bus[-12:].lower() if bus else None,
        mig=None if mode is None else mode == "Enabled",
        integrated=unified,
    )


def _with_slices(found: Detected, listed: str) -> Detected:
    """Replace each GPU in MIG mode by its slices from `nvidia-smi -L`, which reports neither free memory nor exact
    sizes: the size in the profile's name is the upper end.
    """
    devices: list[Gpu] = []
    faults = []
    for gpu in found.devices:
        slices = list(_slices(gpu, listed)) if gpu.mig else [gpu]
        devices.extend(slices)
        if not slices:
            faults.append(
                f"GPU {gpu.index} is in MIG mode but has no instances; create one (sudo nvidia-smi mig -cgi 0 -C -i"
                f" {gpu.index}) or disable the mode (sudo nvidia-smi -i {gpu.index} -mig 0)"
            )
    return replace(found, devices=tuple(devices), faults=(*found.faults, *faults))


def _slices(gpu: Gpu, listed: str) -> Iterator[Gpu]:
    mine = False
    for line in listed.splitlines():
        if line.startswith("GPU "):
            mine = line.startswith(f"GPU {gpu.index}:")
        found = _SLICE.match(line) if mine else None
        if found is not None:
            memory = int(int(found["gib"]) * GIB * _OF_PROFILE)
            yield replace(
                gpu,
                uuid=found["uuid"],
                name=f"{gpu.name} MIG {found['profile']}",
                memory_total_bytes=memory,
                memory_usable_bytes=memory,
                memory_free_bytes=None,
                mig=True,
                mig_index=int(found["number"]),
            )


def _mebibytes(text: str | None) -> int | None:
    return int(text) * MIB if text and text.isdecimal() else None
