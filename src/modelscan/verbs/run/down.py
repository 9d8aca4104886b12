"""Which deployments `down` stops."""

from __future__ import annotations

from pathlib import Path

from modelscan.running.converge.gateway import take_down_gateway
from modelscan.selecting.context import Context
from modelscan.selecting.declared.file import file_in, read_declared


def to_stop(context: Context, file: Path | None, *, folder: Path) -> tuple[str, ...]:
    """The names of those that there are of a file, given or in the folder; without one, all that `up` made.

    Raises Usage and ConfigInvalid for the file.
    """
    found = context.deployments.recorded()
    path = file or file_in(folder)
    if path is None:
        return tuple(item.name for item in found if item.started_by == "up")
    named = {request.name for request in read_declared(path).requests}
    return tuple(item.name for item in found if item.name in named)


def stop_gateway_too(context: Context, file: Path | None, *, folder: Path) -> bool:
    """The gateway of the file; without one, that which `up` started. Returns whether it was stopped."""
    path = file or file_in(folder)
    if path is not None and read_declared(path).gateway is None:
        return False
    return take_down_gateway(context, named=path is not None)
