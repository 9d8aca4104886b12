"""A plan on one screen: the choice, where the memory goes, why, what else, what not."""

from __future__ import annotations

import shlex

from modelscan.cli.printer import Printer
from modelscan.model import Candidate, Hardware, Plan
from modelscan.units import format_bytes, format_tokens

_BAR_WIDTH = 40
_MOST_REJECTED = 5


def show_plan(printer: Printer, plan: Plan, *, explain: bool = False) -> None:
    printer.line(f"{plan.model} on {describe_machine(plan.hardware)}", "bold")
    printer.line()
    if plan.chosen is None:
        printer.line("Nothing fits as asked.", "bold red")
    else:
        _show_choice(printer, plan.chosen)
        if explain:
            _show_arithmetic(printer, plan.chosen)
    if plan.alternatives:
        printer.line()
        printer.line("Also possible", "bold")
        for other in plan.alternatives:
            printer.line(f"  {candidate_line(other)}")
    if plan.rejected:
        printer.line()
        printer.line("Not possible", "bold")
        for rejection in plan.rejected[:_MOST_REJECTED]:
            printer.line(f"  {rejection.backend} {rejection.quantization or '?'}: {rejection.reason}")
        if len(plan.rejected) > _MOST_REJECTED:
            printer.line(f"  and {len(plan.rejected) - _MOST_REJECTED} more: see --json")


def show_command(printer: Printer, plan: Plan) -> None:
    """One pasteable line; nothing where there is no plan."""
    if plan.chosen is not None:
        printer.line(command_text(plan.chosen))


def show_file(printer: Printer, plan: Plan) -> None:
    """The deployment file of the choice; nothing where there is no plan."""
    from modelscan.operations.deployment_file import deployment_text

    for line in deployment_text(plan).splitlines():
        printer.line(line)


def command_text(candidate: Candidate) -> str:
    """The backend's command with its environment, quoted for a shell."""
    words = [f"{name}={shlex.quote(value)}" for name, value in candidate.env.items()]
    return " ".join([*words, shlex.join(candidate.argv)])


def describe_machine(hardware: Hardware) -> str:
    """`2 x NVIDIA H100 80GB HBM3`, or the CPU."""
    if not hardware.devices:
        cpu = hardware.cpu
        name = cpu.model or cpu.architecture or "unknown"
        return f"the CPU ({name}, {format_bytes(cpu.memory_free_bytes)} free)"
    names: dict[str, int] = {}
    for gpu in hardware.devices:
        name = gpu.name or "unknown GPU"
        names[name] = names.get(name, 0) + 1
    return ", ".join(name if count == 1 else f"{count} x {name}" for name, count in names.items())


def candidate_line(candidate: Candidate) -> str:
    """One line that tells a candidate from the others."""
    where = f"GPU {','.join(map(str, candidate.gpu_indices))}" if candidate.gpu_indices else "CPU"
    return (
        f"{candidate.backend} {candidate.quantization or '?'} on {where}, context "
        f"{format_tokens(candidate.max_model_len)}, {format_bytes(candidate.memory_per_gpu.total_bytes)}"
    )


def _show_choice(printer: Printer, chosen: Candidate) -> None:
    revision = f" at {chosen.revision}" if chosen.revision else ""
    concurrency = f", {chosen.max_concurrency:.1f} full-length requests at once" if chosen.max_concurrency else ""
    rows = [
        ("Weights", f"{chosen.repo_id}{revision} ({chosen.source})"),
        ("Quantization", f"{chosen.quantization or 'unknown'}, computed in {chosen.dtype or 'the default type'}"),
        ("Backend", f"{chosen.backend} {chosen.backend_version or ''}".rstrip()),
        ("Runs on", _placement(chosen)),
        ("Context", f"{format_tokens(chosen.max_model_len)} tokens{concurrency}"),
    ]
    speed = chosen.estimated
    if speed.decode_tokens_per_second is not None:
        rows.append(("Speed", f"about {speed.decode_tokens_per_second:.0f} tokens/s ({speed.basis})"))
    printer.pairs(rows)
    printer.line()
    _show_memory(printer, chosen)
    printer.line()
    printer.line("Why", "bold")
    for reason in chosen.reasons:
        printer.line(f"  {reason}")
    printer.line()
    printer.line("Command", "bold")
    printer.line(f"  {command_text(chosen)}")


def _placement(chosen: Candidate) -> str:
    if not chosen.gpu_indices:
        return "CPU"
    parts = [f"GPU {', '.join(map(str, chosen.gpu_indices))}"]
    if chosen.tensor_parallel > 1:
        parts.append(f"tensor parallel {chosen.tensor_parallel}")
    if chosen.pipeline_parallel > 1:
        parts.append(f"pipeline parallel {chosen.pipeline_parallel}")
    if chosen.data_parallel > 1:
        parts.append(f"data parallel {chosen.data_parallel}")
    return ", ".join(parts)


def _show_memory(printer: Printer, chosen: Candidate) -> None:
    memory = chosen.memory_per_gpu
    parts = (
        ("weights", "#", memory.weights_bytes),
        ("KV cache", "=", memory.kv_cache_bytes),
        ("activations", "+", memory.activations_bytes),
        ("overhead", "-", memory.overhead_bytes),
    )
    whole = max(memory.available_bytes or 0, memory.total_bytes, 1)
    bar = "".join(sign * round(size / whole * _BAR_WIDTH) for _, sign, size in parts)
    each = " on each GPU" if len(chosen.gpu_indices) > 1 else ""
    printer.line(
        f"Memory{each}: {format_bytes(memory.total_bytes)} of {format_bytes(memory.available_bytes)} available "
        f"(between {format_bytes(memory.total_low_bytes)} and {format_bytes(memory.total_high_bytes)})",
        "bold",
    )
    printer.line(f"  [{bar[:_BAR_WIDTH]:<{_BAR_WIDTH}}]")
    printer.line("  " + "   ".join(f"{sign} {name} {format_bytes(size)}" for name, sign, size in parts))


def _show_arithmetic(printer: Printer, chosen: Candidate) -> None:
    from modelscan.planning.explain import explain

    printer.line()
    printer.line("Arithmetic", "bold")
    for line in explain(chosen):
        printer.line(f"  {line}")
