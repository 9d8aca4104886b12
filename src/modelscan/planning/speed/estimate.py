"""The figures of a candidate, and by how much they may be off."""

from __future__ import annotations

from modelscan.model import Candidate, Estimated, Gpu, WeightsDescription
from modelscan.planning.options.facts import KernelSupport, PlanningFacts
from modelscan.planning.speed.processor import Processor, processor_of
from modelscan.planning.speed.work import decode_step, prompt_step
from modelscan.units import format_tokens

_ALONE_CONTEXT = 2048  # a conversation's; nobody fills a long context at once
_READERS = frozenset({"embed", "rerank"})  # they answer with numbers: no step of theirs decodes


def estimate(
    weights: WeightsDescription,
    candidate: Candidate,
    gpus: tuple[Gpu, ...],
    kernel: KernelSupport | None,
    facts: PlanningFacts,
    *,
    bridged: bool = False,
) -> Estimated:
    """Tokens per second where the processor's figures and the shape are known: of one request, of as many as fit at
    their full length, and of a long prompt. `bridged`: NVLink connects each of the GPUs to each.
    """
    processor, shape = processor_of(candidate, gpus, kernel, facts, bridged=bridged), weights.architecture
    if processor is None or shape is None or not candidate.memory_per_gpu.weights_bytes:
        return Estimated()
    tokens = candidate.max_model_len or _ALONE_CONTEXT
    alone = min(tokens, _ALONE_CONTEXT)
    stages, copies = candidate.pipeline_parallel, candidate.data_parallel  # figures but these are of one copy
    lone = decode_step(weights, shape, candidate, processor, alone)
    found = 1 / (stages * lone.alone())
    full = lone if tokens == alone else decode_step(weights, shape, candidate, processor, tokens)
    requests = int(min(candidate.max_num_seqs or 1, candidate.max_concurrency or 1)) or 1
    share = max(requests / stages, 1)  # a pipeline has a part of the requests in each stage
    together = share / full.seconds(share) if candidate.max_concurrency else None
    prompt = prompt_step(weights, shape, candidate, processor, lone)
    writes = candidate.task not in _READERS
    return Estimated(
        decode_tokens_per_second=round(found, 1) if writes else None,
        full_length_decode_tokens_per_second=round(1 / (stages * full.alone()), 1) if writes else None,
        concurrency=requests * copies if together is not None else None,
        concurrent_decode_tokens_per_second=round(together * copies, 1) if together is not None else None,
        prefill_tokens_per_second=round(copies / prompt.seconds_per_token(alone)) if prompt else None,
        decode_off_by=processor.constant("off_alone") if writes else None,
        concurrent_decode_off_by=processor.constant("off_concurrent") if together is not None else None,
        prefill_off_by=processor.constant("off_prefill") if prompt else None,
        basis=_basis(candidate, processor, alone),
    )


def _basis(candidate: Candidate, processor: Processor, alone: int) -> str:
    reached = processor.constant("bandwidth_reached")
    kind = f"{candidate.quantization} computed natively" if processor.native else "computed in 16 bit"
    computing = processor.constant("compute_reached")
    return (
        f"roofline: {processor.bandwidth / 1e9:g} GB/s x {reached:g}"
        + (f", {processor.tflops:g} TFLOPS x {computing:g} ({kind})" if processor.tflops is not None else "")
        + (f", slower as power is limited to {processor.power:.2f} of the usual" if processor.power < 1 else "")
        + f" of {processor.name}, {format_tokens(alone)} tokens for one request; estimated, not measured: "
        f"may be off by a factor of {processor.constant('off_alone'):g}"
    )
