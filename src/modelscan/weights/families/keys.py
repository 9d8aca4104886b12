"""Which spellings of what a `config.json` says `catalogs/families.toml` lists: one field each, the likeliest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Spellings = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigKeys:
    """Of the language model, for the fields of `Architecture`. `sections` hold it beside towers; `parts` hold some of
    its sizes; the keys `of_the_whole` count from the top level where a section says otherwise.
    """

    sections: Spellings
    parts: Spellings
    of_the_whole: Spellings
    vision_sections: Spellings
    layers: Spellings
    layer_list: Spellings
    attending_layers: Spellings
    window: Spellings
    window_pattern: Spellings
    hidden_size: Spellings
    heads: Spellings
    kv_heads: Spellings
    head_dim: Spellings
    intermediate_size: Spellings
    vocabulary: Spellings
    positions: Spellings
    tied: Spellings
    experts: Spellings
    experts_per_token: Spellings
    expert_size: Spellings
    shared_experts: Spellings
    shared_expert_size: Spellings
    layers_before_experts: Spellings


@dataclass(frozen=True, kw_only=True, slots=True)
class TextSizes:
    """Sizes of the language model that formulas ask for, in `Architecture.sizes` under the names of these fields."""

    state: Spellings
    state_heads: Spellings
    state_head_dim: Spellings
    state_width: Spellings
    state_expand: Spellings
    state_groups: Spellings
    state_kernel: Spellings
    state_step_rank: Spellings
    expert_step: Spellings
    expert_latent: Spellings
    dense_mlp: Spellings
    speculative_layers: Spellings
    patch_merge: Spellings
    joint_width: Spellings


@dataclass(frozen=True, kw_only=True, slots=True)
class VisionSizes:
    """The same of the tower that sees. `vision_places` are rows of its table of places, `vision_place_pairs` of two."""

    vision_width: Spellings
    vision_layers: Spellings
    vision_more_layers: Spellings
    vision_mlp: Spellings
    vision_heads: Spellings
    vision_head_width: Spellings
    vision_output: Spellings
    vision_joint_input: Spellings
    vision_joint_output: Spellings
    vision_patch: Spellings
    vision_frames: Spellings
    vision_image: Spellings
    vision_places: Spellings
    vision_place_pairs: Spellings
    vision_place_side: Spellings
    vision_tiles: Spellings
    vision_merge: Spellings


@dataclass(frozen=True, kw_only=True, slots=True)
class AudioSizes:
    """The same of the tower that hears."""

    audio_width: Spellings
    audio_layers: Spellings
    audio_mlp: Spellings
    audio_mels: Spellings
    audio_positions: Spellings


def sizes_in(part: Mapping[str, Any], spellings: Mapping[str, Spellings]) -> dict[str, int]:
    """Of each size the first that is a whole number and not zero; those that are not given are left out."""
    found: dict[str, int] = {}
    for name, keys in spellings.items():
        value = next((part[key] for key in keys if isinstance(part.get(key), int) and part[key]), 0)
        if value:
            found[name] = int(value)
    return found
