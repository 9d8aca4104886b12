"""Parameters of the feed-forward layers: a dense MLP, or experts with a router."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.dataclasses import dataclass
from modelscan.model import Architecture

_UNGATED_ACTIVATIONS = frozenset({"relu2", "xielu"})  # ungated: two matrices instead of three


@dataclass(frozen=True, slots=True)
class Layers:
    """The number of layers with a dense MLP, and of layers with experts."""

    dense: int
    experts: int


def layers_with(shape: Architecture, kinds: Mapping[str, int]) -> Layers:
    """Where `none` layers exist (Nemotron-H), only they are feed-forward layers; the others mix tokens."""
    layers = shape.num_hidden_layers or 0
    if shape.family.only_states:
        return Layers(0, 0)
    if "none" in kinds and not shape.details.get("intermediate_sizes"):
        return Layers(0, kinds["none"]) if shape.num_experts else Layers(kinds["none"], 0)
    if not shape.num_experts:
        return Layers(layers, 0)
    experts = _with_experts(shape, layers)
    return Layers(layers if shape.family.mlp_beside_experts else layers - experts, experts)


def _with_experts(shape: Architecture, layers: int) -> int:
    """The number of layers with experts. Config values are read once for all layers."""
    facts = shape.details
    begin, dense = shape.first_dense_layers or 0, facts.get("mlp_only_layers") or ()
    listed = [each for name in ("moe_layer_freq", "mlp_layer_types") if isinstance(each := facts.get(name), list)]
    first, last = (_of_text(facts.get(f"moe_layer_{end}_index")) for end in ("start", "end"))
    step = shape.sizes.get("expert_step", 1)
    period, offset = facts.get("expert_layer_period"), facts.get("expert_layer_offset") or 0

    def has(layer: int) -> bool:
        if layer < begin or layer in dense:
            return False
        for each in listed:
            if layer < len(each):
                return each[layer] not in {0, "dense"}
        if layer % shape.family.layers_in_one:  # only the first of each group has experts
            return False
        if layer < (first or 0) or (last and last > 0 and layer > last):  # ERNIE 4.5
            return False
        return bool(layer % period == offset if period else (layer + 1) % step == 0)

    return sum(map(has, range(layers)))


def _of_text(value: object) -> int | None:
    """The first entry of a list for text and images."""
    found = value[0] if isinstance(value, list) and value else value
    return found if isinstance(found, int) else None


def matrices(shape: Architecture) -> int:
    if named := shape.details.get("mlp_matrices"):
        return int(named)
    activation = shape.details.get("mlp_hidden_act") or shape.details.get("hidden_act")
    return 2 if activation in _UNGATED_ACTIVATIONS else shape.family.mlp_matrices


def dense_parameters(shape: Architecture) -> float:
    """One dense MLP; the mean where layers differ."""
    hidden, facts = shape.hidden_size or 0, shape.details
    if sizes := facts.get("intermediate_sizes"):
        return float(matrices(shape) * hidden * sum(sizes) / len(sizes))
    width: float = shape.sizes.get("dense_mlp") or shape.intermediate_size or 4 * hidden
    if facts.get("use_double_wide_mlp"):  # gemma4: layers that share another layer's KV cache
        width *= 1 + (facts.get("num_kv_shared_layers") or 0) / (shape.num_hidden_layers or 1)
    return float(matrices(shape) * hidden * width)


@dataclass(frozen=True, slots=True)
class Experts:
    """One layer's experts, its shared expert, and its router, which is replicated on every GPU."""

    routed: float
    shared: float
    router: float


def expert_parameters(shape: Architecture) -> Experts:
    """With a latent size (Nemotron 3, Kimi K3), tokens are projected to it before the experts and back afterwards."""
    hidden, experts = shape.hidden_size or 0, shape.num_experts or 0
    width = shape.moe_intermediate_size or shape.intermediate_size or 4 * hidden
    shared = shape.shared_expert_intermediate_size or (shape.num_shared_experts or 0) * width
    latent = shape.sizes.get("expert_latent", 0)
    inner = latent or hidden
    projections = 2 * hidden * latent
    return Experts(
        routed=float(matrices(shape) * inner * experts * width),
        shared=float(matrices(shape) * hidden * shared + projections),
        router=float(hidden * experts),
    )
