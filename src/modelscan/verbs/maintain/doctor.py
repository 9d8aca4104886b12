"""What is wrong on this machine, and the command that fixes it."""

from __future__ import annotations

import functools
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from modelscan.backends.registry import BACKENDS
from modelscan.catalog.index.open import open_index
from modelscan.dataclasses import dataclass
from modelscan.errors import ModelscanError
from modelscan.model import Hardware
from modelscan.routing.file import read_routes
from modelscan.running.routes import routes_out_of_step, update_routes
from modelscan.selecting.context import Context
from modelscan.selecting.installations import device_of, folders_without_backend, installations
from modelscan.selecting.machine import machine
from modelscan.storage.files import private_folder
from modelscan.system.processes.cgroup import own_cgroup
from modelscan.units import GIB, format_bytes

_LITTLE_DISK = 5 * GIB  # a backend's environment takes 2 to 10 GiB (measured: vLLM for the CPU 2.1 GiB)


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """`problem` needs doing something about, `note` is worth knowing."""

    name: str
    status: Literal["ok", "note", "problem"]
    message: str
    hints: tuple[str, ...] = ()


def examine(context: Context, *, reap: bool = False) -> list[Check]:
    """Every check, in the order of the pipeline. With `reap`, orphaned processes are ended and routes written first."""
    checks: list[Check] = []
    for part in (_settings, _folders, _catalog, _hardware, _cgroup):
        checks += _guarded(part, context)
    for repair in (_orphans, _routing):
        checks += _guarded(functools.partial(repair, reap=reap), context)
    checks += _guarded(_deployments, context)
    return list(dict.fromkeys(checks))  # what damages several is said once


def _guarded(part: Callable[[Context], Iterator[Check]], context: Context) -> Iterator[Check]:
    """A check that fails to run is itself a finding."""
    try:
        yield from part(context)
    except ModelscanError as error:
        yield Check(name=error.code, status="problem", message=error.message, hints=error.hints)


def _settings(context: Context) -> Iterator[Check]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Check(name="python", status="ok", message=version)
    set_here = len(context.settings.origins)
    values = f"{set_here} of them set" if set_here else "all at the defaults"
    yield Check(name="settings", status="ok", message=f"{context.settings.config_path}, {values}")


def _folders(context: Context) -> Iterator[Check]:
    paths = context.settings.paths
    for name, folder in (("state", paths.state), ("cache", paths.cache), ("data", paths.data)):
        private_folder(folder)
        free = shutil.disk_usage(folder).free
        if free < _LITTLE_DISK:
            yield Check(
                name=name,
                status="problem" if name == "data" else "note",
                message=f"{format_bytes(free)} free in {folder}",
                hints=("free some space there, or export MODELSCAN_HOME=/path/on/another/disk",),
            )
        else:
            yield Check(name=name, status="ok", message=f"{folder}, {format_bytes(free)} free")


def _catalog(context: Context) -> Iterator[Check]:
    index = open_index(context.settings)
    if index.notice is not None:
        yield Check(name="catalog", status="problem", message=index.notice, hints=("modelscan catalog refresh",))
        return
    for named in context.settings.catalog.dirs:
        if not Path(named).expanduser().is_dir():
            hints = ("modelscan config get catalog.dirs", "modelscan config unset catalog.dirs")
            message = f"`{named}` in the setting catalog.dirs is not a folder"
            yield Check(name="catalog", status="problem", message=message, hints=hints)
    names = ", ".join(state.name for state in index.sources())
    yield Check(name="catalog", status="ok", message=f"from {names}")


def _hardware(context: Context) -> Iterator[Check]:
    hardware = machine(context)
    for warning in hardware.warnings:
        yield Check(name="hardware", status="note", message=warning)
    count = len(hardware.devices)
    message = (
        f"{count} GPU{'s' if count != 1 else ''}"
        if count
        else "no GPU can be used"
        if hardware.faults
        else "no GPU: models run on the CPU"
    )
    yield Check(name="hardware", status="ok", message=message)
    yield from _backends(context, hardware)


def _backends(context: Context, hardware: Hardware) -> Iterator[Check]:
    found, device = installations(context), device_of(hardware)
    for item in found:
        whose = "modelscan's" if item.managed else "yours"
        fitting = item.device in {device, "cpu"}
        yield Check(
            name="backend",
            status="ok" if fitting else "note",
            message=f"{item.backend} {item.version or '(unknown version)'} for {item.device} ({whose})"
            + ("" if fitting else f"; this machine needs {device}"),
        )
    for sentence in folders_without_backend(context, found):
        hints = ("modelscan config get backend.dirs", "modelscan config unset backend.dirs")
        yield Check(name="backend", status="problem", message=sentence, hints=hints)
    if not found:
        yield Check(
            name="backend",
            status="note",
            message="none is installed",
            hints=(f"modelscan backend install {BACKENDS.usual.name}",),
        )


def _cgroup(_: Context) -> Iterator[Check]:
    place = own_cgroup()
    message = (
        f"one for each deployment, in {place}"
        if place
        else "none can be made here; processes are found by the environment that they inherit"
    )
    yield Check(name="cgroup", status="ok", message=message)


def _routing(context: Context, *, reap: bool) -> Iterator[Check]:
    if reap:
        update_routes(context)
    path = context.settings.routing_path
    routes = read_routes(path)
    for problem in routes_out_of_step(context):
        yield Check(name="routing", status="problem", message=problem, hints=("modelscan doctor --reap",))
    yield Check(name="routing", status="ok", message=f"{len(routes)} route{'s' if len(routes) != 1 else ''} in {path}")


def _orphans(context: Context, *, reap: bool) -> Iterator[Check]:
    orphans = context.deployments.orphans()
    if orphans and reap:
        left = context.deployments.reap()
        yield Check(name="orphans", status="ok", message=f"ended {len(orphans) - len(left)} of {len(orphans)}")
        orphans = left
    if orphans:
        named = ", ".join(f"{item.pid} ({item.name or item.deployment})" for item in orphans)
        yield Check(
            name="orphans",
            status="problem",
            message=f"processes without a supervisor: {named}",
            hints=("modelscan doctor --reap",),
        )


def _deployments(context: Context) -> Iterator[Check]:
    deployments = context.deployments.list()
    for item in deployments:
        if item.status in {"failed", "unhealthy"}:
            yield Check(
                name="deployment",
                status="problem",
                message=f"{item.name} is {item.status}{f': {item.message}' if item.message else ''}",
                hints=(f"modelscan logs {item.name} --tail 50", f"modelscan restart {item.name}"),
            )
    count = len(deployments)
    yield Check(name="deployments", status="ok", message=f"{count} known")
