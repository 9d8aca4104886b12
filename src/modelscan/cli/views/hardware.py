"""The machine as text."""

from __future__ import annotations

from modelscan.cli.output.printer import Printer
from modelscan.model import Gpu, Hardware
from modelscan.units import format_bytes, format_free


def show_hardware(printer: Printer, hardware: Hardware) -> None:
    if hardware.devices:
        printer.table(
            ("gpu", "name", "free", "usable", "total", "capability", "in use by"),
            [_row(gpu) for gpu in hardware.devices],
            right=("free", "usable", "total"),
            drop=("in use by", "usable", "capability"),
        )
    else:
        printer.line("No GPU can be used." if hardware.faults else "No GPU found; models run on the CPU.")
    printer.line()
    cpu = hardware.cpu
    rows = [
        ("CPU", f"{cpu.model or 'unknown'} ({cpu.architecture or 'unknown'}), {_or_unknown(cpu.cores)} cores"),
        ("Instructions", " ".join(cpu.isa) or "unknown"),
        ("Memory", format_free(cpu.memory_free_bytes, cpu.memory_total_bytes)),
    ]
    if hardware.driver_version:
        rows.append(("Driver", hardware.driver_version))
    if hardware.cuda_version:
        rows.append(("CUDA", hardware.cuda_version))
    if hardware.rocm_version:
        rows.append(("ROCm", hardware.rocm_version))
    if hardware.interconnect:
        rows.append(("Interconnect", _interconnect(hardware)))
    limited = [gpu for gpu in hardware.devices if _limited(gpu)]
    if limited:
        rows.append(("Power", ", ".join(_power(gpu) for gpu in limited)))
    if any(gpu.ecc for gpu in hardware.devices):
        rows.append(("ECC", f"on for GPU {', '.join(str(gpu.index) for gpu in hardware.devices if gpu.ecc)}"))
    if nodes := {gpu.numa_node for gpu in hardware.devices if gpu.numa_node is not None}:
        rows.append(("NUMA", ", ".join(_node(node, hardware) for node in sorted(nodes))))
    printer.pairs(rows)


def _row(gpu: Gpu) -> tuple[str, ...]:
    pids = ", ".join(str(process.pid) for process in gpu.processes)
    return (
        str(gpu.index) if gpu.mig_index is None else f"{gpu.index}:{gpu.mig_index}",
        gpu.name or "unknown",
        *_memory(gpu),
        gpu.compute_capability or gpu.gfx_target or "unknown",
        f"pid {pids}" if pids else "-",
    )


def _memory(gpu: Gpu) -> tuple[str, ...]:
    """Free, usable and total; where nothing is known, that is said once."""
    sizes = (gpu.memory_free_bytes, gpu.memory_usable_bytes, gpu.memory_total_bytes)
    if all(size is None for size in sizes):
        return ("unknown", "-", "-")
    return tuple(format_bytes(size) for size in sizes)


def _interconnect(hardware: Hardware) -> str:
    """With the pairs that have NVLink, unless all do."""
    linked = [f"{one}-{other}" for one, other in (link.gpus for link in hardware.links if link.nvlink)]
    if hardware.interconnect == "nvlink" or not linked:
        return hardware.interconnect or "unknown"
    return f"{hardware.interconnect}, nvlink between {', '.join(linked)}"


def _limited(gpu: Gpu) -> bool:
    return (gpu.power_limit_watts or 0) < (gpu.power_default_watts or 0) and gpu.power_limit_watts is not None


def _power(gpu: Gpu) -> str:
    return f"GPU {gpu.index} limited to {gpu.power_limit_watts} of {gpu.power_default_watts} W"


def _node(node: int, hardware: Hardware) -> str:
    return f"GPU {', '.join(str(gpu.index) for gpu in hardware.devices if gpu.numa_node == node)} on node {node}"


def _or_unknown(value: object) -> str:
    return "unknown" if value is None else str(value)
