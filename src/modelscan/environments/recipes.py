"""What to install for each backend, version and device, in order of preference.

`catalogs/backends.csv` lists the methods and versions; the backend's folder implements each method.
"""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.backends.base import Recipe
from modelscan.backends.builds import Build, parse_builds
from modelscan.backends.registry import BACKENDS
from modelscan.errors import BackendFailed
from modelscan.model import Device
from modelscan.storage.shipped import shipped_text


def device_of_variant(backend: str, variant: str, device: Device) -> Device:
    """The same, or the one that a smaller environment is made for, where it is for one alone."""
    builds = [build for build in parse_builds(shipped_text("backends.csv")) if build.backend == backend]
    there = [build.device for build in builds if any(way == variant for way, _ in build.installs)]
    return device if device in there or not there else there[0]


def recipes_for(backend: str, version: str | None, device: Device, variant: str | None = None) -> tuple[Recipe, ...]:
    """The recipes, best first, of the backend or of a `variant`. Raises BackendFailed where there is none."""
    builds = parse_builds(shipped_text("backends.csv"))
    known = BACKENDS.get(backend)
    installs = known.installs if known is not None else None
    if installs is None:
        raise _no_build(backend, device, _what_is_installed(builds))
    own = [build for build in builds if (build.backend, build.device) == (backend, device)]
    ways = dict.fromkeys(
        (way, version or newest, build)
        for build in own
        for way, newest in build.installs
        if (way if way in installs.variants else None) == variant
    )
    found = tuple(recipe for way in ways for recipe in installs.recipes(*way))
    if not found:
        on_cpu = any(build.installs for build in builds if (build.backend, build.device) == (backend, "cpu"))
        raise _no_build(backend, device, installs.why_not(device), on_cpu=on_cpu)
    return found


def _no_build(backend: str, device: Device, why: str, *, on_cpu: bool = False) -> BackendFailed:
    without = f"there is one for the CPU: modelscan deploy ID --backend {backend} --gpu none --yes"
    return BackendFailed(
        f"no build of `{backend}` for `{device}` is known",
        cause=[why],
        hints=[
            "install it by its documentation, then: modelscan config set backend.dirs /path/to/its/environment",
            *([without] if on_cpu else []),
        ],
        details={"backend": backend, "device": device},
    )


def _what_is_installed(builds: Sequence[Build]) -> str:
    devices: dict[str, list[str]] = {}
    for build in builds:
        if build.installs:
            devices.setdefault(build.backend, []).append(build.device)
    *others, last = [f"{name} ({', '.join(there)})" for name, there in devices.items()]
    return f"modelscan installs {', '.join(others)} and {last}"
