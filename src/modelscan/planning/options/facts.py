"""The shipped tables that planning rests on: which formats run where, and what each backend needs."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping

from packaging.version import Version

from modelscan.backends.arguments.history import ArgumentHistory, release
from modelscan.backends.builds import Build, parse_builds, reaches
from modelscan.dataclasses import dataclass, field
from modelscan.hardware.gpu_table import GpuFacts, facts_for, parse_gpu_table
from modelscan.model import Device, Gpu
from modelscan.planning.options.chat_formats import ChatFormats, parse_chat_formats
from modelscan.planning.options.kernel_faults import KernelFaults, parse_kernel_faults
from modelscan.planning.options.speed_constants import SpeedTable


@dataclass(frozen=True, kw_only=True, slots=True)
class KernelSupport:
    """One row of `catalogs/quant_support.csv`: from which GPU on a backend computes a quantization.

    `native_*`: where the GPU itself computes in that format; elsewhere only the memory shrinks. `at_load` is the
    backend's word for quantizing 16-bit weights while loading them.
    """

    backend: str
    device: Device
    quantization: str
    min_capability: float | None
    native_capability: float | None
    gfx: frozenset[str]
    native_gfx: frozenset[str]
    at_load: str | None

    def runs_on(self, gpu: Gpu | None) -> bool:
        """`None` is the CPU. A GPU whose capability is unknown is given the benefit of the doubt."""
        return gpu is None or reaches(gpu, self.min_capability, self.gfx)

    def native_on(self, gpu: Gpu | None) -> bool:
        return gpu is None or reaches(gpu, self.native_capability, self.native_gfx)


@dataclass(frozen=True, slots=True)
class Parsers:
    """`catalogs/parsers.csv`: which parsers of answers a backend has, each with the first version that was read."""

    since: Mapping[tuple[str, str, str], Version]

    def knows(self, backend: str, kind: str, name: str, version: str | None) -> bool:
        """Whether that version has it; None is the newest. `kind` is `tool-call` or `reasoning`."""
        since = self.since.get((backend, kind, name))
        return since is not None and (version is None or release(version) >= since)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanningFacts:
    """All tables."""

    kernels: tuple[KernelSupport, ...]
    builds: tuple[Build, ...]
    gpus: tuple[GpuFacts, ...]
    parsers: Parsers
    arguments: ArgumentHistory
    speeds: SpeedTable
    faults: KernelFaults
    chat_formats: ChatFormats
    gpus_seen: dict[str, GpuFacts | None] = field(default_factory=dict)

    def kernel(self, backend: str, device: Device, quantization: str) -> KernelSupport | None:
        return next(
            (
                row
                for row in self.kernels
                if (row.backend, row.device, row.quantization) == (backend, device, quantization)
            ),
            None,
        )

    def knows_kernels(self, backend: str) -> bool:
        """Whether the table covers a backend. For one that it does not cover, nothing is ruled out."""
        return any(row.backend == backend for row in self.kernels)

    def build(self, backend: str, device: Device) -> Build | None:
        return next((row for row in self.builds if (row.backend, row.device) == (backend, device)), None)

    def gpu(self, gpu: Gpu) -> GpuFacts | None:
        """Bandwidth and speed of a GPU by the name that its driver gives, kept: a list of what fits asks it often."""
        if not gpu.name:
            return None
        if gpu.name not in self.gpus_seen:
            self.gpus_seen[gpu.name] = facts_for(gpu.name, self.gpus)
        return self.gpus_seen[gpu.name]


def load_facts(read: Callable[[str], str]) -> PlanningFacts:
    """The tables, parsed. `read` gives the text of a shipped file by its name.

    Raises KeyError or ValueError for a text that is not the expected table.
    """
    parsers = {(row["backend"], row["kind"], row["name"]): release(row["since"]) for row in _rows(read("parsers.csv"))}
    return PlanningFacts(
        kernels=tuple(_kernel(row) for row in _rows(read("quant_support.csv"))),
        builds=parse_builds(read("backends.csv")),
        gpus=parse_gpu_table(read("gpus.csv")),
        parsers=Parsers(parsers),
        arguments=ArgumentHistory.parse(read("backend_arguments.csv"), read("argument_translations.csv")),
        speeds=SpeedTable.parse(read("speeds.csv")),
        faults=parse_kernel_faults(read("kernels.csv")),
        chat_formats=parse_chat_formats(read("chat_formats.csv")),
    )


def _rows(text: str) -> Iterable[dict[str, str]]:
    return csv.DictReader(text.splitlines())


def _kernel(row: dict[str, str]) -> KernelSupport:
    return KernelSupport(
        backend=row["backend"],
        device=_device(row["device"]),
        quantization=row["quantization"],
        min_capability=_number(row["min_capability"]),
        native_capability=_number(row["native_capability"]),
        gfx=frozenset(row["gfx"].split()),
        native_gfx=frozenset(row["native_gfx"].split()),
        at_load=row["at_load"] or None,
    )


def _device(word: str) -> Device:
    devices: dict[str, Device] = {"cuda": "cuda", "rocm": "rocm", "cpu": "cpu"}
    return devices[word]


def _number(text: str) -> float | None:
    return float(text) if text else None
