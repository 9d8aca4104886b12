"""`modelscan gpu`: the machine as it is now."""

from __future__ import annotations

import typer

from modelscan.cli.options.shared import Json, Quiet
from modelscan.cli.output.output import Output
from modelscan.cli.session import session


def gpu(ctx: typer.Context, json: Json = False, quiet: Quiet = False) -> None:
    """Show the GPUs, the memory that is free on them, and the CPU."""
    from modelscan.cli.views.hardware import show_hardware
    from modelscan.selecting.machine import machine

    output = Output(json=json, quiet=quiet)
    hardware = machine(session(ctx).context)
    output.document(
        hardware, lambda printer: show_hardware(printer, hardware), (str(item.index) for item in hardware.devices)
    )
    if not json:
        for warning in hardware.warnings:
            output.warn(warning)
