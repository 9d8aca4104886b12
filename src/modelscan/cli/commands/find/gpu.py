"""`modelscan gpu`: the machine and its free memory."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options.shared import Json, Quiet
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.hardware import show_hardware
from modelscan.selecting.machine import hardware_names, machine


def gpu(
    ctx: typer.Context,
    names: Annotated[bool, typer.Option("--names", help="List the GPU names that --hardware accepts.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    output = Output(json=json, quiet=quiet)
    if names:
        known = hardware_names()
        output.document(known, lambda printer: printer.line("\n".join(known)), known)
        return
    hardware = machine(context_of(ctx))
    output.document(
        hardware, lambda printer: show_hardware(printer, hardware), (str(item.index) for item in hardware.devices)
    )
    if not json:
        for warning in hardware.warnings:
            output.warn(warning)
