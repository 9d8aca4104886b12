"""`catalogs/backends.csv`: the one table of backends' versions, and of what these need of a machine."""

from __future__ import annotations

import csv

from modelscan.dataclasses import dataclass
from modelscan.model import Device, Gpu

_DEVICES: dict[str, Device] = {"cuda": "cuda", "rocm": "rocm", "cpu": "cpu"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """One row: the version that is planned for on a device, and the GPUs and CUDA it needs.

    `installs` are the recipes to try, in order, as (recipe, version): the backend's folder has recipes of those names.
    """

    backend: str
    device: Device
    version: str
    min_capability: float | None
    gfx: frozenset[str]
    min_cuda: float | None
    installs: tuple[tuple[str, str], ...]

    def runs_on(self, gpu: Gpu | None) -> bool:
        """`None` is the CPU. A GPU whose capability is unknown is given the benefit of the doubt."""
        return gpu is None or reaches(gpu, self.min_capability, self.gfx)


def parse_builds(text: str) -> tuple[Build, ...]:
    """Raises KeyError or ValueError for a text that is not that table."""
    return tuple(
        Build(
            backend=row["backend"],
            device=_DEVICES[row["device"]],
            version=row["version"],
            min_capability=float(row["min_capability"]) if row["min_capability"] else None,
            gfx=frozenset(row["gfx"].split()),
            min_cuda=float(row["min_cuda"]) if row["min_cuda"] else None,
            installs=tuple(_install(word) for word in row["installs"].split()),
        )
        for row in csv.DictReader(text.splitlines())
    )


def _install(word: str) -> tuple[str, str]:
    recipe, _, version = word.partition("==")
    if not version:
        raise ValueError(f"`{word}` is not RECIPE==VERSION")
    return recipe, version


def reaches(gpu: Gpu, capability: float | None, gfx: frozenset[str]) -> bool:
    """Whether a GPU is one of an instruction set (AMD) or of a compute capability and newer."""
    if gpu.vendor == "amd":
        return gpu.gfx_target is None or gpu.gfx_target in gfx
    if capability is None or gpu.compute_capability is None:
        return True
    return float(gpu.compute_capability) >= capability
