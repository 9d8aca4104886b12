"""This machine: CPU, GPUs of every vendor, which of them are visible, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from modelscan.dataclasses import replace
from modelscan.hardware.amd.read import read_amd
from modelscan.hardware.cpu import read_cpu
from modelscan.hardware.nvidia.read import read_nvidia
from modelscan.hardware.nvidia.smi import read_nvidia_smi
from modelscan.hardware.pci import accelerators, display_vendors, numa_node
from modelscan.hardware.probe import PROBE_SECONDS, Detected, within
from modelscan.hardware.visibility import apply_visibility
from modelscan.model import Cpu, Hardware
from modelscan.system.processes import run as process
from modelscan.system.processes.run import Runner


def read_hardware(
    *,
    environ: Mapping[str, str],
    run: Runner = process.run,
    sysfs: Path = Path("/sys"),
    proc: Path = Path("/proc"),
) -> Hardware:
    """What models can run on. Never raises: problems become warnings with advice. No GPU is a normal case."""
    cpu = read_cpu(proc=proc, sysfs=sysfs)
    vendors = display_vendors(sysfs)
    nvidia = _nvidia(environ, run, cpu, expected="nvidia" in vendors)
    amd = within(
        # Each tool has its own timeout; this one covers a kernel that does not respond.
        PROBE_SECONDS * 6,
        lambda: read_amd(
            environ=environ,
            run=run,
            sysfs=sysfs,
            host_free=cpu.memory_free_bytes,
            expected="amd" in accelerators(sysfs),
        ),
        what="the AMD driver",
    )
    found = (*nvidia.devices, *amd.devices)
    devices, narrowed = apply_visibility(found, environ)
    hidden = narrowed[-1:] if found and not devices else ()
    faults = (*nvidia.faults, *amd.faults, *hidden)
    devices = tuple(replace(gpu, numa_node=numa_node(sysfs, gpu.pci_bus_id)) for gpu in devices)
    shown = {gpu.index for gpu in devices if gpu.vendor == "nvidia"}
    seen = {gpu.vendor for gpu in devices}
    main = amd if seen == {"amd"} or (not seen and amd.devices) else nvidia
    return Hardware(
        devices=devices,
        driver_version=main.driver_version,
        cuda_version=nvidia.cuda_version,
        rocm_version=amd.rocm_version,
        interconnect=main.interconnect if len(devices) > 1 else None,
        links=tuple(link for link in nvidia.links if shown.issuperset(link.gpus)),
        cpu=cpu,
        warnings=tuple(
            dict.fromkeys(
                (*faults, *nvidia.warnings, *amd.warnings, *narrowed, *_mixed(seen), *_under_windows(proc, nvidia))
            )
        ),
        faults=faults,
    )


def _nvidia(environ: Mapping[str, str], run: Runner, cpu: Cpu, *, expected: bool) -> Detected:
    found = within(
        PROBE_SECONDS,
        lambda: read_nvidia(host_total=cpu.memory_total_bytes, host_free=cpu.memory_free_bytes, expected=expected),
        what="the NVIDIA driver",
    )
    if found.answered:
        return found
    # The tool may find a library that the loader does not (WSL, containers): then its answer counts.
    by_tool = read_nvidia_smi(
        environ=environ,
        run=run,
        host_total=cpu.memory_total_bytes,
        host_free=cpu.memory_free_bytes,
        expected=expected,
    )
    return by_tool if by_tool.answered or not found.faults else found


def _under_windows(proc: Path, nvidia: Detected) -> tuple[str, ...]:
    """WSL reports neither what Windows reserves of a GPU nor which Windows programs use it."""
    try:
        version = (proc / "version").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    if "microsoft" not in version.lower() or not nvidia.devices:
        return ()
    return ("this is WSL: free memory accounts for Windows and its programs, but processes are not listed",)


def _mixed(vendors: Collection[str]) -> tuple[str, ...]:
    if len(vendors) < 2:  # noqa: PLR2004  one vendor, or none
        return ()
    return ("this machine has GPUs of several vendors, each numbered from 0: select them by UUID",)
