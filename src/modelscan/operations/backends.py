"""What models run in: the installed backends, and making or removing an environment."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from modelscan.backends.base import STREAMER
from modelscan.environments.find import find_installations
from modelscan.errors import BackendNotInstalled, Conflict, Usage
from modelscan.model import Device, Hardware, Installation
from modelscan.operations.context import Context
from modelscan.operations.machine import machine


def installations(context: Context) -> list[Installation]:
    """Every backend on this machine, modelscan's own first."""
    return find_installations(context.settings, context.run)


def find_installation(context: Context, backend: str, version: str | None) -> Installation:
    """The one that a deployment would use. Raises BackendNotInstalled."""
    found = choose(installations(context), backend, version, device=None)
    if found is None:
        raise not_installed(backend, version)
    return found


def choose(
    found: Sequence[Installation], backend: str, version: str | None, *, device: Device | None, reader: bool = False
) -> Installation | None:
    """The installation to use: one that was there already before one of ours, the newest first within each.

    `reader`: before those, one that can read weights from S3, or, where none can, one of ours, which can be given it.
    """
    fitting = [
        item
        for item in found
        if item.backend == backend
        and (version is None or item.version is None or _same_version(item.version, version))
        and (device is None or item.device == device)
    ]
    if reader:
        return min(fitting, key=lambda item: (STREAMER not in item.requirements, not item.managed), default=None)
    return min(fitting, key=lambda item: item.managed, default=None)


def _same_version(installed: str, wanted: str) -> bool:
    """`0.32.0` means `0.32.0+cpu` too: the local part names the build."""
    return installed == wanted or installed.partition("+")[0] == wanted


def not_installed(
    backend: str, version: str | None, *hints: str, others: Sequence[Installation] = ()
) -> BackendNotInstalled:
    """`others` are here and do not fit: what they are is the cause."""
    wanted = f"{backend} {version}" if version else backend
    option = f" --version {version}" if version else ""
    return BackendNotInstalled(
        f"the backend `{wanted}` is not installed",
        cause=[f"`{item.path}` has {item.version or 'an unknown version'} for {item.device}" for item in others],
        hints=[f"modelscan backend install {backend}{option}", *hints],
        details={"backend": backend, "version": version},
    )


def install_backend(
    context: Context, backend: str, version: str | None, *, on_line: Callable[[str], None], device: Device | None = None
) -> Installation:
    """Make an isolated environment, of the build that suits this machine."""
    from modelscan.environments.install import install

    if device is None:
        device = device_of(machine(context))
    return install(backend, version, device, context.settings, on_line=on_line, clock=context.clock)


def add_reader(context: Context, installation: Installation, *, on_line: Callable[[str], None]) -> Installation:
    """The same installation with what reads weights from S3. Raises Usage for one that is not ours to change."""
    from modelscan.environments.streamer import add_streamer, can_stream

    if can_stream(installation):
        return installation
    if not installation.managed:
        raise no_reader(installation)
    return add_streamer(installation, context.settings, on_line=on_line, clock=context.clock)


def no_reader(installation: Installation, *hints: str) -> BackendNotInstalled:
    """The failure for a backend without what reads weights from S3."""
    from modelscan.environments.streamer import command_to_add

    ours = f"modelscan backend install {installation.backend} --s3"
    return BackendNotInstalled(
        f"`{installation.program}` has nothing that reads weights from S3",
        cause=[] if installation.managed else ["modelscan changes only what it installed"],
        hints=[ours if installation.managed else command_to_add(installation), *hints],
        details={"backend": installation.backend, "version": installation.version, "path": installation.path},
    )


def device_of(hardware: Hardware) -> Device:
    """The kind of build that this machine's GPUs want."""
    vendors = {gpu.vendor for gpu in hardware.devices}
    if "nvidia" in vendors:
        return "cuda"
    return "rocm" if "amd" in vendors else "cpu"


def remove_backend(
    context: Context, backend: str, version: str | None, *, ask: Callable[[str], bool | None]
) -> Installation:
    """Remove an environment of ours that no live deployment uses."""
    from modelscan.environments.remove import remove
    from modelscan.operations.manage import list_deployments

    ours = [item for item in installations(context) if item.managed]
    found = choose(ours, backend, version, device=None)
    if found is None:
        foreign = choose(installations(context), backend, version, device=None)
        if foreign is not None:
            raise Usage(
                f"`{foreign.path}` was not installed by modelscan",
                cause=["modelscan removes only what it installed"],
                hints=["modelscan backend list"],
            )
        raise not_installed(backend, version)
    users = [item.name for item in list_deployments(context) if item.program == found.program]
    live = [item.name for item in list_deployments(context, live_only=True) if item.program == found.program]
    if live:
        raise Conflict(
            f"`{found.backend} {found.version}` is in use",
            cause=[f"by {', '.join(live)}"],
            hints=[f"modelscan stop {' '.join(live)}"],
            details={"deployments": live},
        )
    note = f" The stopped deployments {', '.join(users)} need it to start again." if users else ""
    if ask(f"Remove {found.path}?{note}") is not True:
        raise Usage("nothing was removed: that needs a yes", hints=[f"modelscan backend remove {backend} --yes"])
    remove(found, context.settings)
    return found
