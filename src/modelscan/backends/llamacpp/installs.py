"""How llama.cpp is installed: its server for CPUs, out of the wheel of xllamacpp, started by a program of ours.

The wheel has llama.cpp's own HTTP server as a library (2026.10.11549: 33 MB, 102 MB unpacked, cp310-abi3, for x86-64
with AVX2 and for aarch64; MIT). The main package index has none of its builds for GPUs.
"""

from __future__ import annotations

from modelscan.backends.base import Recipe
from modelscan.backends.builds import Build
from modelscan.backends.capabilities import Installs
from modelscan.backends.llamacpp.probes import WHEEL
from modelscan.model import Device
from modelscan.units import MIB

_PYTHONS = ((3, 10), (3, 15))


class LlamacppInstalls(Installs):
    def recipes(self, way: str, version: str, build: Build) -> tuple[Recipe, ...]:  # noqa: ARG002  there is one way
        return (
            Recipe(
                backend="llamacpp",
                version=version,
                device=build.device,
                origin=f"{WHEEL} {version}, llama.cpp's server for CPUs",
                requirements=(f"{WHEEL}=={version}",),
                disk_bytes=200 * MIB,
                pinned=(WHEEL,),
                python_range=_PYTHONS,
                serving="llamacpp",
            ),
        )

    def why_not(self, device: Device) -> str:
        if device == "cpu":
            return super().why_not(device)
        return f"the package index has no build for {device}; put a `llama-server` that was built for it on PATH"


INSTALLS = LlamacppInstalls()
