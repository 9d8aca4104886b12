"""Parameters of layers that keep a state instead of tokens, from the sizes in the config."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.dataclasses import dataclass
from modelscan.model import Architecture

_KERNEL = 4


@dataclass(frozen=True, slots=True)
class StateSpace:
    """Sizes of a Mamba layer. `heads` is 0 for Mamba 1, which has none and derives its time steps from `step_rank`
    values.
    """

    inner: int
    state: int
    heads: int
    groups: int
    kernel: int
    step_rank: int


def state_space(shape: Architecture) -> StateSpace | None:
    """None where the config names no state size. In pure state-space models, all heads belong to the state."""
    sizes, hidden, pure = shape.sizes, shape.hidden_size or 0, shape.family.only_states
    state = sizes.get("state")
    if not state:
        return None
    heads = sizes.get("state_heads") or (pure and shape.num_attention_heads) or 0
    size = sizes.get("state_head_dim") or shape.head_dim or 0
    widened = sizes.get("state_expand", 2) * hidden
    named = sizes.get("state_width") or (shape.intermediate_size if pure and not heads else None)
    return StateSpace(
        inner=named or (heads * size if heads else widened),
        state=state,
        heads=heads,
        groups=sizes.get("state_groups", 1),
        kernel=sizes.get("state_kernel", _KERNEL),
        step_rank=sizes.get("state_step_rank", -(-hidden // 16)),
    )


def state_parameters(shape: Architecture) -> float | None:
    """One layer's matrices and short convolution; None where the config gives no sizes."""
    facts, hidden = shape.details, shape.hidden_size or 0
    if heads := facts.get("linear_num_value_heads"):
        keys = (facts.get("linear_num_key_heads") or heads) * (facts.get("linear_key_head_dim") or 128)
        values = heads * (facts.get("linear_value_head_dim") or 128)
        convolution = (2 * keys + values) * (facts.get("linear_conv_kernel_dim") or _KERNEL)
        return float(hidden * (2 * keys + 2 * values + 2 * heads) + values * hidden + convolution)
    delta = facts.get("linear_attn_config")
    if isinstance(delta, Mapping) and delta.get("num_heads") and delta.get("head_dim"):
        width = delta["num_heads"] * delta["head_dim"]
        gate = hidden * width if delta.get("use_full_rank_gate") else (hidden + width) * delta["head_dim"]
        rest = (hidden + width) * delta["head_dim"] + hidden * delta["num_heads"]
        return float(4 * hidden * width + gate + rest + 3 * width * (delta.get("short_conv_kernel_size") or _KERNEL))
    if space := state_space(shape):
        return _of_a_state_space(space, hidden)
    if kernel := facts.get("conv_L_cache"):
        return float(4 * hidden * hidden + hidden * kernel)
    if shape.family.state == "lightning":  # queries, keys, values, output, and an output gate
        return float(5 * hidden * (shape.num_attention_heads or 1) * (shape.head_dim or 0))
    return None


def output_share(shape: Architecture) -> float:
    """The share of a layer's parameters in the matrix behind its state; 0 where the sizes do not say."""
    facts, hidden, whole = shape.details, shape.hidden_size or 0, state_parameters(shape)
    space = state_space(shape)
    inner = (facts.get("linear_num_value_heads") or 0) * (facts.get("linear_value_head_dim") or 128)
    return float(inner or (space.inner if space else 0)) * hidden / whole if whole else 0.0


def _of_a_state_space(space: StateSpace, hidden: int) -> float:
    inner, state = space.inner, space.state
    if not space.heads:
        steps = inner * (space.step_rank + 2 * state) + space.step_rank * inner
        return float(3 * hidden * inner + steps + inner * (space.kernel + state + 3))
    mixed = inner + 2 * space.groups * state
    return float(hidden * (inner + mixed + space.heads) + inner * hidden + mixed * (space.kernel + 1) + inner)
