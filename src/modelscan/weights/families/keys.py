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


# Sizes that formulas ask for, in `Architecture.sizes` under these names: of the language model, of the tower that sees
# (`vision_places` are rows of its table of places, `vision_place_pairs` of two), and of the one that hears.
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
    """The sizes of one part of a config: which of them each key spells, and how likely among its spellings."""

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
        """Of each size the likeliest that is a whole number and not zero; those that are not given are left out."""
        found: dict[str, int] = {}
        ranks: dict[str, int] = {}
        for key, value in part.items():
            if key in self.spelled and isinstance(value, int) and value:
                name, rank = self.spelled[key]
                if rank < ranks.get(name, len(self.spelled)):
                    found[name], ranks[name] = int(value), rank
        return found
