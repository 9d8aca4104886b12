"""How SGLang is installed. The metadata of sglang 0.5.23."""

from __future__ import annotations

from modelscan.backends.base import Recipe
from modelscan.backends.builds import Build
from modelscan.backends.capabilities import Installs
from modelscan.model import Device
from modelscan.units import GIB

_PYTHONS = ((3, 11), (3, 14))  # requires-python: >=3.11; 3.14 was the newest then


class SglangInstalls(Installs):
    def recipes(self, way: str, version: str, build: Build) -> tuple[Recipe, ...]:  # noqa: ARG002  there is one way
        return (
            Recipe(
                backend="sglang",
                version=version,
                device=build.device,
                origin=f"sglang {version}, SGLang's own build for CUDA 13",
                requirements=(f"sglang=={version}",),
                disk_bytes=16 * GIB,
                pinned=("sglang", "sglang-kernel", "torch", "transformers", "flashinfer-python", "xgrammar"),
                python_range=_PYTHONS,
                min_cuda=build.min_cuda,
            ),
        )

    def why_not(self, device: Device) -> str:
        if device == "rocm":
            return "its wheels for ROCm are tied to one release of ROCm and of Python"
        return "no CPU build of its kernels is published as a wheel" if device == "cpu" else super().why_not(device)


INSTALLS = SglangInstalls()
