"""Report how a name was read and what was decided, one line each."""

from __future__ import annotations

from modelscan.backends.registry import BACKENDS
from modelscan.model import Candidate, Hardware
from modelscan.model.events import Event, Report
from modelscan.selecting.resolved import Resolved
from modelscan.units import format_bytes, format_free


def report_reading(resolved: Resolved, report: Report) -> None:
    """How the name was read: the warnings first."""
    for text in resolved.warnings:
        report(Event("warning", text))
    for text in resolved.notes:
        report(Event("note", text))


def report_choice(hardware: Hardware, chosen: Candidate | None, report: Report) -> None:
    """The machine, and then quantization, backend and source where something was chosen."""
    report(Event("hardware", f"Detects GPU: {_devices(hardware)}", {"gpus": len(hardware.devices)}))
    if chosen is None:
        return
    size = format_bytes(chosen.memory_per_gpu.total_bytes)
    each = f" on each of {len(chosen.gpu_indices)} GPUs" if len(chosen.gpu_indices) > 1 else ""
    report(
        Event(
            "choice",
            f"Selects quantization: {chosen.quantization or 'unknown'} (estimated {size}{each})",
            {"quantization": chosen.quantization, "estimated_bytes": chosen.memory_per_gpu.total_bytes},
        )
    )
    report(
        Event(
            "backend",
            f"Backend: {BACKENDS[chosen.backend].shown(chosen.backend_version, chosen.libraries)}",
            {"backend": chosen.backend, "backend_version": chosen.backend_version},
        )
    )
    revision = f" at {chosen.revision}" if chosen.revision else ""
    report(
        Event(
            "source",
            f"Source: {chosen.repo_id}{revision} ({chosen.source})",
            {"source": chosen.source, "repo_id": chosen.repo_id, "revision": chosen.revision},
        )
    )


def _devices(hardware: Hardware) -> str:
    if not hardware.devices:
        cpu = hardware.cpu
        none = "none that can be used" if hardware.faults else "none"
        return f"{none}, using the CPU with {format_free(cpu.memory_free_bytes)}"
    return ", ".join(
        f"{gpu.index}: {gpu.name or 'unknown'} ({format_free(gpu.memory_free_bytes)})" for gpu in hardware.devices
    )
