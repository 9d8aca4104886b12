"""Parameters of the layers that think token by token: a dense MLP, or experts with a router."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from modelscan.model import Architecture

# Two matrices instead of three: no gate.
_UNGATED = (
    *("opt", "starcoder2", "gpt2", "whisper", "bert", "roberta", "xlm-roberta", "gpt_neox", "falcon", "phi"),
    *("nemotron", "nemotron_h"),
)
_BOTH = ("gemma4", "gemma4_text")  # every layer has a dense MLP beside its experts


@dataclass(frozen=True, slots=True)
class Layers:
    """How many layers have a dense MLP, and how many have experts."""

    dense: int
    experts: int


def layers_with(shape: Architecture, kinds: Mapping[str, int]) -> Layers:
    """Where `none` layers exist (Nemotron-H) they alone think; the others only mix tokens."""
    layers = kinds.get("none") or sum(kinds.values())
    if not shape.num_experts:
        return Layers(layers, 0)
    if "none" in kinds:
        return Layers(0, layers)
    experts = sum(1 for layer in range(layers) if _has_experts(shape, layer))
    return Layers(layers if shape.model_type in _BOTH else layers - experts, experts)


def _has_experts(shape: Architecture, layer: int) -> bool:
    facts = shape.details
    if layer < (shape.first_dense_layers or 0) or layer in (facts.get("mlp_only_layers") or ()):
        return False
    frequency = facts.get("moe_layer_freq")
    if isinstance(frequency, list) and layer < len(frequency):
        return bool(frequency[layer])
    step = facts.get("interleave_moe_layer_step") or facts.get("decoder_sparse_step") or 1
    period = facts.get("expert_layer_period")
    if period:
        return bool(layer % period == (facts.get("expert_layer_offset") or 0))
    return bool((layer + 1) % step == 0)


def matrices(shape: Architecture) -> int:
    named = shape.details.get("mlp_matrices")
    return int(named) if named else 2 if shape.model_type in _UNGATED else 3


def dense_parameters(shape: Architecture) -> float:
    """One dense MLP."""
    hidden = shape.hidden_size or 0
    width = shape.details.get("intermediate_size_mlp") or shape.intermediate_size or 4 * hidden
    return float(matrices(shape) * hidden * width)


@dataclass(frozen=True, slots=True)
class Experts:
    """One layer's experts, its shared expert, and its router, which every GPU has whole."""

    routed: float
    shared: float
    router: float


def expert_parameters(shape: Architecture) -> Experts:
    """With a latent size (Nemotron 3) tokens are projected down to it before the experts, and up after them."""
    hidden, experts = shape.hidden_size or 0, shape.num_experts or 0
    width = shape.moe_intermediate_size or shape.intermediate_size or 4 * hidden
    shared = shape.shared_expert_intermediate_size or (shape.num_shared_experts or 0) * width
    latent = shape.details.get("moe_latent_size")
    inner = latent or hidden
    projections = 2 * hidden * latent if latent else 0
    return Experts(
        routed=float(matrices(shape) * inner * experts * width),
        shared=float(matrices(shape) * hidden * shared + projections),
        router=float(hidden * experts),
    )
