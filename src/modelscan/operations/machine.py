"""Reading the machine, or taking a described one in its place."""

from __future__ import annotations

from modelscan.hardware.machine import read_hardware
from modelscan.model import Hardware
from modelscan.operations.context import Context
from modelscan.storage.shipped import shipped_text


def machine(context: Context, described: str | None = None) -> Hardware:
    """This machine, or the one that `--hardware` describes. Raises GpuNotFound or Usage for a bad description."""
    if described is None:
        return read_hardware(environ=context.settings.environ, run=context.run, sysfs=context.sysfs, proc=context.proc)
    from modelscan.hardware.described import describe_hardware
    from modelscan.hardware.gpu_table import parse_gpu_table

    return describe_hardware(described, parse_gpu_table(shipped_text("gpus.csv")))
