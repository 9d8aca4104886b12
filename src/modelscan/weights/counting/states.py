"""Parameters of layers that keep a state instead of tokens, from the sizes that each family's config names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelscan.model import Architecture

_KERNEL = 4
# Decay instead of a softmax: queries, keys and values of all heads, and a gate of the output's width.
LIGHTNING = ("minimax", "bailing")


@dataclass(frozen=True, slots=True)
class StateSpace:
    """Sizes of a Mamba layer; `heads` is 0 for the first version of it, which has none and makes its steps from
    `step_rank` numbers.
    """

    inner: int
    state: int
    heads: int
    groups: int
    kernel: int
    step_rank: int


def state_space(shape: Architecture) -> StateSpace | None:
    """Under the names of Mamba, Mamba 2, Jamba, Zamba, Bamba, Granite 4, Falcon-H1 and Nemotron-H; None for others."""
    facts, hidden = shape.details, shape.hidden_size or 0
    state = _first(facts, "ssm_state_size", "mamba_d_state", "state_size")
    if not state:
        return None
    pure = (shape.model_type or "").startswith(("mamba", "falcon_mamba", "codestral_mamba"))
    heads = _first(facts, "mamba_num_heads", "mamba_n_heads", "n_mamba_heads") or (
        (shape.num_attention_heads or 0) if shape.model_type == "mamba2" else 0
    )
    size = _first(facts, "mamba_head_dim", "mamba_headdim", "mamba_d_head") or shape.head_dim or 0
    widened = (_first(facts, "mamba_expand", "expand") or 2) * hidden
    named = _first(facts, "mamba_d_ssm") or (shape.intermediate_size if pure and not heads else None)
    return StateSpace(
        inner=named or (heads * size if heads else widened),
        state=state,
        heads=heads,
        groups=_first(facts, "mamba_n_groups", "mamba_ngroups", "n_groups") or 1,
        kernel=_first(facts, "mamba_d_conv", "conv_kernel") or _KERNEL,
        step_rank=_first(facts, "mamba_dt_rank", "time_step_rank") or -(-hidden // 16),
    )


def state_parameters(shape: Architecture) -> float | None:
    """One layer's matrices and its short convolution; None where the config gives none of the sizes."""
    facts, hidden = shape.details, shape.hidden_size or 0
    if heads := facts.get("linear_num_value_heads"):
        keys = (facts.get("linear_num_key_heads") or heads) * (facts.get("linear_key_head_dim") or 128)
        values = heads * (facts.get("linear_value_head_dim") or 128)
        convolution = (2 * keys + values) * (facts.get("linear_conv_kernel_dim") or _KERNEL)
        return float(hidden * (2 * keys + 2 * values + 2 * heads) + values * hidden + convolution)
    kimi = facts.get("linear_attn_config")
    if isinstance(kimi, Mapping) and kimi.get("num_heads") and kimi.get("head_dim"):
        width = kimi["num_heads"] * kimi["head_dim"]
        gate = hidden * width if kimi.get("use_full_rank_gate") else (hidden + width) * kimi["head_dim"]
        rest = (hidden + width) * kimi["head_dim"] + hidden * kimi["num_heads"]
        return float(4 * hidden * width + gate + rest + 3 * width * (kimi.get("short_conv_kernel_size") or _KERNEL))
    if space := state_space(shape):
        return _mamba(space, hidden)
    if kernel := facts.get("conv_L_cache"):
        return float(4 * hidden * hidden + hidden * kernel)
    if (shape.model_type or "").startswith(LIGHTNING):
        return float(5 * hidden * (shape.num_attention_heads or 1) * (shape.head_dim or 0))
    return None


def _mamba(space: StateSpace, hidden: int) -> float:
    inner, state = space.inner, space.state
    if not space.heads:
        steps = inner * (space.step_rank + 2 * state) + space.step_rank * inner
        return float(3 * hidden * inner + steps + inner * (space.kernel + state + 3))
    mixed = inner + 2 * space.groups * state
    return float(hidden * (inner + mixed + space.heads) + inner * hidden + mixed * (space.kernel + 1) + inner)


def _first(facts: Mapping[str, Any], *names: str) -> int:
    return next((facts[name] for name in names if isinstance(facts.get(name), int) and facts[name]), 0)
