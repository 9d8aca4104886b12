"""NVIDIA GPUs as `nvidia-smi` prints them, for where NVML's library cannot be loaded but the tool answers."""

from __future__ import annotations

import csv
from collections.abc import Mapping

from modelscan.hardware.probe import PROBE_SECONDS, Found
from modelscan.hardware.reserve import usable_bytes
from modelscan.model import Gpu
from modelscan.system.process import Runner
from modelscan.units import MIB

_FIELDS = ("index", "uuid", "name", "memory.total", "memory.free", "compute_cap", "driver_version", "pci.bus_id")
# WSL keeps the tool outside PATH for some users.
_PROGRAMS = ("nvidia-smi", "/usr/lib/wsl/lib/nvidia-smi")


def read_nvidia_smi(*, environ: Mapping[str, str], run: Runner) -> Found:
    """The GPUs of the tool; `answered` is False where it is missing or says nothing we can read. Never raises."""
    for program in _PROGRAMS:
        argv = [program, f"--query-gpu={','.join(_FIELDS)}", "--format=csv,noheader,nounits"]
        done = run(argv, env=environ, timeout=PROBE_SECONDS)
        if done.ok:
            return parse_nvidia_smi(done.stdout)
    return Found(answered=False)


def parse_nvidia_smi(text: str) -> Found:
    """The CSV of the query above. `[N/A]` and its kin are unknown; sizes are MiB."""
    devices = []
    driver = None
    for row in csv.reader(text.splitlines(), skipinitialspace=True):
        if len(row) != len(_FIELDS) or not row[0].isdigit():
            continue
        values = {key: None if value.startswith("[") else value for key, value in zip(_FIELDS, row, strict=True)}
        total, bus = _mebibytes(values["memory.total"]), values["pci.bus_id"]
        driver = driver or values["driver_version"]
        devices.append(
            Gpu(
                index=int(row[0]),
                uuid=values["uuid"],
                vendor="nvidia",
                name=values["name"],
                memory_total_bytes=total,
                memory_usable_bytes=usable_bytes(total, "nvidia"),
                memory_free_bytes=_mebibytes(values["memory.free"]),
                compute_capability=values["compute_cap"],
                pci_bus_id=bus[-12:].lower() if bus else None,
            )
        )
    return Found(devices=tuple(devices), driver_version=driver, answered=bool(devices))


def _mebibytes(text: str | None) -> int | None:
    return int(text) * MIB if text and text.isdigit() else None
