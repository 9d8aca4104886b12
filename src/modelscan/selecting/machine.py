"""This machine, or a described one instead."""

from __future__ import annotations

import csv

from modelscan import dataclasses
from modelscan.hardware.described import describe_hardware
from modelscan.hardware.gpu_table import known_names, parse_gpu_table
from modelscan.hardware.machine import read_hardware
from modelscan.hardware.nvidia.drivers import driver_for
from modelscan.model import Hardware
from modelscan.selecting.context import Context
from modelscan.storage.shipped import shipped_text


def machine(context: Context, described: str | None = None) -> Hardware:
    """This machine, or the one that `--hardware` describes. Raises GpuNotFound or Usage for a bad description."""
    if described is None:
        found = read_hardware(environ=context.settings.environ, run=context.run, sysfs=context.sysfs, proc=context.proc)
        old = _old_driver(found)
        return dataclasses.replace(found, warnings=(*found.warnings, old)) if old else found
    return describe_hardware(described, parse_gpu_table(shipped_text("gpus.csv")))


def _old_driver(hardware: Hardware) -> str | None:
    """What to do about a driver that is too old for today's backends."""
    if hardware.cuda_version is None:
        return None
    rows = [row for row in csv.DictReader(shipped_text("backends.csv").splitlines()) if row["min_cuda"]]
    behind = [row for row in rows if float(hardware.cuda_version) < float(row["min_cuda"])]
    if not behind:
        return None
    cuda = max(float(row["min_cuda"]) for row in behind)
    backends = " and ".join(f"{row['backend']} {row['version']}" for row in behind)
    driver = driver_for(cuda)
    advice = f"install driver {driver} or newer" if driver else "install a newer driver"
    return (
        f"the NVIDIA driver {hardware.driver_version or ''} is for CUDA {hardware.cuda_version}, and {backends} need "
        f"{cuda:g}: {advice}"
    ).replace("  ", " ")


def hardware_names() -> list[str]:
    """The names of GPUs that `--hardware` accepts, in order."""
    return sorted(set(known_names(parse_gpu_table(shipped_text("gpus.csv")))))
