"""The spellings of `config.json` keys that `catalogs/families.toml` lists: one field each, the most likely first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelscan.dataclasses import dataclass

Spellings = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigKeys:
    """For the fields of `Architecture`. `sections` are where multimodal configs keep the language model; `parts` hold
    some of its sizes; keys `of_the_whole` are read from the top level even where a section has them too.
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


# Sizes that formulas use, under these names in `Architecture.sizes`: of the language model, the vision tower
# (`vision_places` are rows of its position table, `vision_place_pairs` of two tables), and the audio tower.
TEXT_SIZES = frozenset({
    "state", "state_heads", "state_head_dim", "state_width", "state_expand", "state_groups", "state_kernel",
    "state_step_rank", "expert_step", "expert_latent", "dense_mlp", "speculative_layers", "patch_merge",
    "joint_width",
})  # fmt: skip
VISION_SIZES = frozenset({
    "vision_width", "vision_layers", "vision_more_layers", "vision_mlp", "vision_heads", "vision_head_width",
    "vision_output", "vision_joint_input", "vision_joint_output", "vision_patch", "vision_frames", "vision_image",
    "vision_places", "vision_place_pairs", "vision_place_side", "vision_tiles", "vision_merge",
})  # fmt: skip
AUDIO_SIZES = frozenset({"audio_width", "audio_layers", "audio_mlp", "audio_mels", "audio_positions"})


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes in one part of a config: the size that each key spells, and its rank among the spellings."""

    spelled: Mapping[str, tuple[str, int]]

    @classmethod
    def of(cls, spellings: Mapping[str, Spellings]) -> Sizes:
        """Raises ValueError for a key that spells two sizes."""
        spelled: dict[str, tuple[str, int]] = {}
        for name, keys in spellings.items():
            for rank, key in enumerate(keys):
                if key in spelled:
                    raise ValueError(f"{key} spells two sizes: {spelled[key][0]} and {name}")
                spelled[key] = name, rank
        return cls(spelled)

    def found_in(self, part: Mapping[str, Any]) -> dict[str, int]:
        """For each size the most likely spelling with a nonzero integer; missing sizes are left out."""
        found: dict[str, int] = {}
        ranks: dict[str, int] = {}
        for key, value in part.items():
            if key in self.spelled and isinstance(value, int) and value:
                name, rank = self.spelled[key]
                if rank < ranks.get(name, len(self.spelled)):
                    found[name], ranks[name] = int(value), rank
        return found
