"""The installed backends, and which of them a plan uses."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from modelscan.backends.base import STREAMER
from modelscan.environments.find import find_installations, programs_in
from modelscan.errors import BackendNotInstalled
from modelscan.model import Device, Hardware, Installation
from modelscan.selecting.context import Context


def installations(context: Context) -> list[Installation]:
    """Every backend on this machine, modelscan's own first."""
    return find_installations(context.settings, context.run)


def folders_without_backend(context: Context, found: Sequence[Installation]) -> tuple[str, ...]:
    """A sentence on each folder of `backend.dirs` that none of the backends `found` comes from."""
    working = {Path(item.program).resolve() for item in found}
    return tuple(
        f"`{folder}` in the setting backend.dirs has no working backend"
        for folder in context.settings.backend.dirs
        if working.isdisjoint(program.resolve() for program in programs_in(folder))
    )


def choose(
    found: Sequence[Installation],
    backend: str,
    version: str | None,
    *,
    device: Device | None,
    reader: bool = False,
    libraries: Collection[str] = (),
) -> Installation | None:
    """The installation to use, of those that have all `libraries`: one that was there already before one of ours, the
    newest first within each.

    `reader`: before those, one that can read weights from S3, or, where none can, one of ours, which can be given it.
    """
    fitting = [
        item
        for item in found
        if item.backend == backend
        and (version is None or item.version is None or _same_version(item.version, version))
        and (device is None or item.device == device)
        and item.requirements.keys() >= set(libraries)
    ]
    if reader:
        return min(fitting, key=lambda item: (STREAMER not in item.requirements, not item.managed), default=None)
    return min(fitting, key=lambda item: item.managed, default=None)


def _same_version(installed: str, wanted: str) -> bool:
    """`0.32.0` means `0.32.0+cpu` too: the local part names the build."""
    return installed == wanted or installed.partition("+")[0] == wanted


def not_installed(
    backend: str,
    version: str | None,
    *hints: str,
    variant: str | None = None,
    others: Sequence[Installation] = (),
    idle: Sequence[str] = (),
) -> BackendNotInstalled:
    """The cause is what `others` are, which are here and do not fit, and the folders that hold none."""
    wanted = " ".join(word for word in (backend, variant and f"for {variant}", version) if word)
    option = (f" --variant {variant}" if variant else "") + (f" --version {version}" if version else "")
    return BackendNotInstalled(
        f"the backend `{wanted}` is not installed",
        cause=[*map(_what_it_is, others), *idle],
        hints=[f"modelscan backend install {backend}{option}", *hints],
        details={"backend": backend, "version": version},
    )


def _what_it_is(item: Installation) -> str:
    kind = f" for {item.variant}" if item.variant else ""
    return f"`{item.path}` is {item.version or 'an unknown version'}{kind} for {item.device}"


def no_reader(installation: Installation, *hints: str) -> BackendNotInstalled:
    """The error for a backend that cannot read weights from S3."""
    from modelscan.environments.streamer import command_to_add

    ours = f"modelscan backend install {installation.backend} --s3"
    return BackendNotInstalled(
        f"`{installation.program}` cannot read weights from S3",
        cause=[] if installation.managed else ["modelscan only changes environments that it installed"],
        hints=[ours if installation.managed else command_to_add(installation), *hints],
        details={"backend": installation.backend, "version": installation.version, "path": installation.path},
    )


def device_of(hardware: Hardware) -> Device:
    """The build of a backend that this machine's GPUs need."""
    vendors = {gpu.vendor for gpu in hardware.devices}
    if "nvidia" in vendors:
        return "cuda"
    return "rocm" if "amd" in vendors else "cpu"
