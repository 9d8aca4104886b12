"""A roofline: how fast a plan could be at most, to rank candidates. Never a measurement."""

from __future__ import annotations

from modelscan.model import Estimated, Gpu, WeightsDescription
from modelscan.planning.facts import PlanningFacts
from modelscan.planning.tensors import parameters_per_gpu

_BANDWIDTH_REACHED = 0.8  # NVIDIA's aiconfigurator-core 0.12.0 assumes this for all NVIDIA parts
_COMPUTE_REACHED = 0.5  # an assumption: 0.4 to 0.6 of the dense figure
_SPLIT_REACHED = 0.7  # an assumption for tensor parallel over PCIe: 0.6 to 0.8


def estimate(
    weights: WeightsDescription, weights_per_gpu: int, gpus: tuple[Gpu, ...], facts: PlanningFacts
) -> Estimated:
    """Tokens per second of one request (decode) and of a long prompt (prefill), where the GPU's figures are known."""
    known = facts.gpu(gpus[0]) if gpus else None
    if known is None or known.bandwidth_gb_s is None or weights_per_gpu <= 0:
        return Estimated()
    split = _SPLIT_REACHED if len(gpus) > 1 else 1.0
    share = _active_share(weights)
    read = weights_per_gpu * share
    decode = known.bandwidth_gb_s * 1e9 * _BANDWIDTH_REACHED * split / read
    prefill = None
    total = weights.architecture.total_parameters if weights.architecture else None
    if known.bf16_tflops is not None and total:
        prefill = known.bf16_tflops * 1e12 * _COMPUTE_REACHED * len(gpus) * split / (2 * total * share)
    basis = f"roofline: {known.bandwidth_gb_s:g} GB/s of {known.name}, weights read once per token"
    return Estimated(
        decode_tokens_per_second=round(decode, 1),
        prefill_tokens_per_second=None if prefill is None else round(prefill),
        basis=basis,
    )


def _active_share(weights: WeightsDescription) -> float:
    """The share of the parameters that one token uses; 1 for dense models."""
    shape = weights.architecture
    whole = parameters_per_gpu(shape) if shape is not None else None
    if shape is None or whole is None or not shape.num_experts or not shape.num_experts_per_token:
        return 1.0
    hidden, width = shape.hidden_size or 0, shape.moe_intermediate_size or shape.intermediate_size or 0
    layers = (shape.num_hidden_layers or 0) - (shape.first_dense_layers or 0)
    resting = layers * 3 * hidden * width * (shape.num_experts - shape.num_experts_per_token)
    return max(1.0 - resting / whole.checkpoint, 0.01)
