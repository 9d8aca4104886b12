"""The arithmetic of a candidate, line by line."""

from __future__ import annotations

from modelscan.model import Candidate
from modelscan.units import format_bytes, format_tokens


def explain(candidate: Candidate) -> tuple[str, ...]:
    """What adds up to what, per device."""
    memory = candidate.memory_per_gpu
    where = "host memory" if not candidate.gpu_indices else "each GPU" if len(candidate.gpu_indices) > 1 else "the GPU"
    split = f"divided by {candidate.tensor_parallel} x {candidate.pipeline_parallel} (tensor x pipeline parallel)"
    bounds = f"between {format_bytes(memory.total_low_bytes)} and {format_bytes(memory.total_high_bytes)}"
    step = f"the largest of a prefill step and of sampling {candidate.max_num_seqs} sequences"
    rows = [
        ("weights", format_bytes(memory.weights_bytes), f"{candidate.quantization}, {split}"),
        ("+ activations", format_bytes(memory.activations_bytes), step),
        ("+ overhead", format_bytes(memory.overhead_bytes), f"{candidate.backend}'s context, libraries and graphs"),
        ("+ KV cache", format_bytes(memory.kv_cache_bytes), f"{format_tokens(candidate.kv_cache_tokens)} tokens"),
        ("= total", format_bytes(memory.total_bytes), bounds),
        ("available", format_bytes(memory.available_bytes), ""),
    ]
    if candidate.gpu_memory_utilization is not None:
        rows.append(("utilization", f"{candidate.gpu_memory_utilization:.2f}", "of the GPU's total"))
    if candidate.max_concurrency is not None:
        each = f"requests of {format_tokens(candidate.max_model_len)} tokens at once"
        rows.append(("concurrency", f"{candidate.max_concurrency:.2f}", each))
    lines = [f"on {where}", *(f"  {name:<13} {value:>12}   {note}".rstrip() for name, value, note in rows)]
    if candidate.dropped:
        lines += ["left out of what catalogs say", *(f"  {item}" for item in candidate.dropped)]
    return tuple(lines)
