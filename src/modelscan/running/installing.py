"""Install the backend that a plan needs."""

from __future__ import annotations

from collections.abc import Callable

from modelscan.environments.install import install
from modelscan.environments.recipes import device_of_variant
from modelscan.environments.streamer import add_streamer, can_stream
from modelscan.model import Device, Installation
from modelscan.selecting.context import Context
from modelscan.selecting.installations import device_of, no_reader
from modelscan.selecting.machine import machine


def install_backend(
    context: Context,
    backend: str,
    version: str | None,
    *,
    on_line: Callable[[str], None],
    variant: str | None = None,
    device: Device | None = None,
) -> Installation:
    """Make an isolated environment, of the build that suits this machine, or the backend's `variant` of one."""
    if device is None:
        hardware = machine(context)
        device = device_of(hardware)
        if device == "cpu" and hardware.faults:
            on_line(f"no GPU of this machine can be used, so this is the CPU's build: {'; '.join(hardware.faults)}")
    if variant is not None:
        device = device_of_variant(backend, variant, device)
    return install(backend, version, device, context.settings, variant=variant, on_line=on_line, clock=context.clock)


def add_reader(context: Context, installation: Installation, *, on_line: Callable[[str], None]) -> Installation:
    """The same installation with what reads weights from S3. Raises Usage for one that is not ours to change."""
    if can_stream(installation):
        return installation
    if not installation.managed:
        raise no_reader(installation)
    return add_streamer(installation, context.settings, on_line=on_line, clock=context.clock)
