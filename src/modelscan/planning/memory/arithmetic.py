"""A candidate's arithmetic as lines, each with its bounds and its derivation; they add up to its figures."""

from __future__ import annotations

from modelscan.backends.capabilities import Estimates, Pool
from modelscan.model import Architecture, Candidate, MemoryLine, WeightsDescription
from modelscan.planning.memory.activations import activation_bytes
from modelscan.planning.memory.adapting import adapters_how
from modelscan.planning.memory.footprint import Fixed
from modelscan.planning.options.quantization import Choice
from modelscan.planning.options.setting import Setting
from modelscan.units import format_bytes, format_count, format_tokens
from modelscan.weights.counting.bytes import bytes_per_parameter
from modelscan.weights.counting.sizes import Sized
from modelscan.weights.counting.tensors import parameters_per_gpu


def candidate_lines(
    setting: Setting,
    estimates: Estimates,
    choice: Choice,
    candidate: Candidate,
    fixed: Fixed,
    cache: Pool | None,
    drafting: Sized,
    adapters: Sized,
) -> tuple[MemoryLine, ...]:
    """All lines of a candidate whose memory is settled; of the weights `drafting` are layers that draft, and
    `adapters` what is kept free for those.
    """
    memory, weights = candidate.memory_per_gpu, choice.weights
    measured = any(reason.startswith("measured:") for reason in candidate.reasons)
    pool = Sized(memory.kv_cache_low_bytes, memory.kv_cache_bytes, memory.kv_cache_high_bytes)
    size = fixed.weights - drafting - adapters
    return (
        *_weights(weights, candidate, size, at_load=choice.at_load is not None, measured=measured),
        *(
            (line("weights", "drafting", drafting, "the model's own layers that draft tokens"),)
            if drafting.high
            else ()
        ),
        *((line("weights", "adapters", adapters, adapters_how(setting)),) if adapters.high else ()),
        _activations(
            estimates.sampling_bytes(setting.backend_version, on_gpu=bool(candidate.gpu_indices)),
            weights.architecture,
            candidate,
            fixed,
        ),
        *_overhead(setting, candidate, fixed),
        *_cache(cache, pool),
    )


def experts_over(candidate: Candidate) -> int | None:
    """The GPUs to which whole experts are dealt out; None where each is divided as all else."""
    return candidate.tensor_parallel * candidate.data_parallel if candidate.expert_parallel else None


def line(part: str, what: str, size: Sized, how: str = "") -> MemoryLine:
    return MemoryLine(
        part=part, what=what, estimate_bytes=size.estimate, low_bytes=size.low, high_bytes=size.high, how=how
    )


def _weights(
    weights: WeightsDescription, candidate: Candidate, size: Sized, *, at_load: bool, measured: bool
) -> tuple[MemoryLine, ...]:
    """Where every tensor is counted from the shape, one line per sort of them; the last one takes the bounds."""
    quantization, tensor_parallel = candidate.quantization or "BF16", candidate.tensor_parallel
    pipeline_parallel = candidate.pipeline_parallel
    split = _split(tensor_parallel, pipeline_parallel)
    split += f", experts distributed over {over} GPUs" if (over := experts_over(candidate)) else ""
    if measured:
        return (line("weights", "weights", size, f"as measured on this machine{split}"),)
    shape = weights.architecture
    mine = parameters_per_gpu(shape, tensor_parallel, over) if shape is not None else None
    if mine is None or pipeline_parallel > 1 or (weights.bytes_by_dtype and not at_load):
        return (line("weights", "weights", size, f"{_source_of_bytes(weights, quantization, at_load=at_load)}{split}"),)
    each = bytes_per_parameter(quantization, weights, at_load=at_load)
    plain = 4.0 if quantization == "FP32" else 2.0
    sorts = (
        ("matrices", mine.linear, each, f"{quantization}, scales included"),
        ("kept plain", mine.plain, plain, "embeddings, head, norms, routers, towers"),
        ("MLA's copy", mine.absorbed, 2.0, "up-projections absorbed for decoding"),
        ("padding", mine.padding, each, "experts padded for the kernels"),
    )
    lines, left = [], size
    for what, count, width, note in sorts:
        taken = int(count * width)
        if not taken:
            continue
        how = f"{format_count(int(count))} x {width:.4g} B{split}: {note}"
        lines.append(line("weights", what, Sized(taken, taken, taken), how))
        left = Sized(left.low - taken, left.estimate - taken, left.high - taken)
    return (*lines, line("weights", "correction", left, "to the known parameter count; positions, allocator"))


def _activations(sampling: float, shape: Architecture | None, candidate: Candidate, fixed: Fixed) -> MemoryLine:
    """The largest of three; which of them it is. `sampling` in bytes of one sequence and word."""
    size, steps = fixed.activations, fixed.steps
    wide, tensor_parallel = candidate.dtype == "float32", candidate.tensor_parallel
    if shape is None or not shape.hidden_size or not shape.vocab_size:
        return line("activations", "activations", size, "the shape is unknown")
    prefill = activation_bytes(
        shape,
        tokens=steps.tokens,
        sequences=0,
        tensor_parallel=tensor_parallel,
        whole_experts=candidate.expert_parallel,
        wide=wide,
    )
    sampled = int(sampling * steps.sequences * shape.vocab_size)
    if size.estimate <= sampled:
        words = f"{format_tokens(shape.vocab_size)} words x {sampling:g} B"
        how = f"sampling {steps.sequences} sequences x {words}; a step of {format_tokens(steps.tokens)} tokens is less"
    else:
        how = f"a step of {format_tokens(steps.tokens)} tokens; sampling {steps.sequences} sequences is less"
        how += "" if prefill.estimate == size.estimate or not shape.vision else ", pictures included"
    return line("activations", "activations", size, how)


def _overhead(setting: Setting, candidate: Candidate, fixed: Fixed) -> tuple[MemoryLine, ...]:
    """Libraries, communication between GPUs, CUDA graphs where any are captured."""
    if fixed.parts is None:
        how = "as measured on this machine" if candidate.gpu_indices else f"{setting.backend}'s processes and libraries"
        return (line("overhead", "overhead", fixed.overhead, how),)
    overhead, steps = fixed.parts, fixed.steps
    parts = (
        ("libraries", overhead.libraries, "CUDA kernels and workspaces beside PyTorch's memory"),
        ("communication", overhead.communication, "buffers between the GPUs"),
        ("CUDA graphs", overhead.graphs, f"{steps.captured} batch sizes, each with every layer"),
    )
    return tuple(line("overhead", what, size, how) for what, size, how in parts if size.high)


def _cache(cache: Pool | None, pool: Sized) -> tuple[MemoryLine, ...]:
    """What the backend divides into blocks or tokens, and the remainder, which alone has no bounds."""
    if cache is None or not pool.estimate:
        return (line("kv_cache", "KV cache", pool, "this model has no KV cache"),) if pool.high else ()
    cut = cache.cut(pool.estimate)
    taken = Sized(cut.used + pool.low - pool.estimate, cut.used, cut.used + pool.high - pool.estimate)
    lines = [line("kv_cache", "KV cache", taken, cut.how)]
    if rest := pool.estimate - cut.used:
        lines.append(line("kv_cache", "rounding", Sized(rest, rest, rest), "less than one block"))
    return tuple(lines)


def _split(tensor_parallel: int, pipeline_parallel: int) -> str:
    parts = [f"tensor parallel {tensor_parallel}"] if tensor_parallel > 1 else []
    parts += [f"the largest of {pipeline_parallel} stages"] if pipeline_parallel > 1 else []
    return f", {', '.join(parts)}" if parts else ""


def _source_of_bytes(weights: WeightsDescription, quantization: str, *, at_load: bool) -> str:
    if weights.bytes_by_dtype and not at_load:
        sizes = ", ".join(f"{dtype} {format_bytes(size)}" for dtype, size in sorted(weights.bytes_by_dtype.items()))
        return f"the headers of the files: {sizes}"
    if weights.architecture is None and weights.size_bytes is not None:
        return f"the files are {format_bytes(weights.size_bytes)}"
    return f"counted per tensor, {quantization}"
