"""What to install for each backend, version and device, in the order of preference.

Which ways there are, and in which versions, says `catalogs/backends.csv`; how each is done, the backend's folder.
"""

from __future__ import annotations

from modelscan.backends.base import Recipe
from modelscan.backends.builds import parse_builds
from modelscan.backends.registry import BACKENDS
from modelscan.errors import BackendFailed
from modelscan.model import Device
from modelscan.storage.shipped import shipped_text


def recipes_for(backend: str, version: str | None, device: Device) -> tuple[Recipe, ...]:
    """The ways to install, best first. Raises BackendFailed where there is none."""
    known = BACKENDS.get(backend)
    installs = known.installs if known is not None else None
    builds = [build for build in parse_builds(shipped_text("backends.csv")) if build.backend == backend]
    if installs is not None:
        ways = [(way, newest, build) for build in builds if build.device == device for way, newest in build.installs]
        found = dict.fromkeys((way, version or newest, build) for way, newest, build in ways)
        if recipes := tuple(recipe for way in found for recipe in installs.recipes(*way)):
            return recipes
    if installs is None:
        others = " and ".join(name for name, item in BACKENDS.items() if item.installs is not None)
        cause = f"it is installed by itself; modelscan installs {others}"
    else:
        cause = installs.why_not(device)
    raise BackendFailed(
        f"modelscan knows no build of `{backend}` for `{device}`",
        cause=[cause],
        hints=["install it by its own documentation, then: modelscan config set backend.dirs /path/to/its/environment"],
        details={"backend": backend, "device": device},
    )
