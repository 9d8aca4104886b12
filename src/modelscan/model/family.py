"""What is special about a model family: models that share their rules. The records are `catalogs/families.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from modelscan.dataclasses import dataclass, field
from modelscan.model.words import Task

# The formulas that code holds for each, by what they compute.
EveryLayer = Literal["linear", "both"]
StateFormula = Literal["lightning"]
VisionJoint = Literal[
    "projector",
    "linear",
    "linear-of-levels",
    "merged-linear",
    "merged-projector",
    "merge-then-project",
    "project-then-merge",
    "mergers",
    "gated-merger",
    "adapter",
    "resampler",
    "sized-projector",
    "gated-projector",
]
VisionMlp = Literal["own", "output"]
AudioEncoder = Literal["transformer", "conformer"]
AudioJoint = Literal["linear", "stacked"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """One record. What a record leaves out is a plain decoder's: rotary positions, a gated MLP, no towers.

    - `counted`: sums were compared with the model that is built; what is only taken to be alike is trusted less.
    - `task`: what all of them are for, where a config does not say.
    - `encoder`: it looks both ways: no KV cache, no head. `speech`: it turns speech to text.
    - `tied`: the head is the table of embeddings, where a config leaves that out; None where nobody knows.
    - `float16`: whether it can be computed in float16.
    - `learned_positions`: a table of weights; such families have a bias at every matrix and norm. `unused_positions`
      are rows of it that no token has. `rotary_bases`: how many tables of rotary positions there are.
    - `layers_in_one`: layers of attention and MLP in what the config calls one; the first of them has the experts.
    - `every_layer` keeps a state, or one beside its attention. `full_every`: each n-th layer sees all, the others a
      window. `only_states`: a layer has nothing but its state.
    - `gated_output`: the query projection also makes a gate for the output.
    - `global_head_dim`, `global_kv_share` and `keys_are_values`: of the layers that see all, where a config leaves it
      out: the size of a head, how many KV heads of the others make one of theirs, and whether K serves as V.
    - `state`: the formula for states of which the config gives no size. `state_dtype`: where the config names none.
    - `mlp_matrices`: two without a gate. `mlp_beside_experts`: layers with experts have a dense MLP too.
    - `shared_experts`: how many, where a config leaves it out.
    - `vision_joint`: how patches reach the language model. `vision_mlp`: where the size of the tower's MLP stands.
      `vision_parameters`: of a tower whose config names no layers. `vision_rotary`: its places are turned, not learned.
      `vision_heads_padded`: they need not divide. `patches_per_token`: behind one token. `picture_tokens`: of the
      largest picture that its processor lets through, where that is more than a step.
    - `audio_encoder`, `audio_joint`: as for seeing.
    - `tool_parser`, `reasoning_parser`: by backend.
    """

    name: str = ""
    counted: bool = False
    task: Task | None = None
    encoder: bool = False
    tied: bool | None = None
    float16: bool = True
    learned_positions: bool = False
    unused_positions: int = 0
    rotary_bases: int = 1
    layers_in_one: int = 1
    every_layer: EveryLayer | None = None
    full_every: int = 0
    only_states: bool = False
    gated_output: bool = False
    global_head_dim: int = 0
    global_kv_share: int = 0
    keys_are_values: bool = False
    state: StateFormula | None = None
    state_dtype: str | None = None
    mlp_matrices: int = 3
    mlp_beside_experts: bool = False
    shared_experts: int = 0
    vision_joint: VisionJoint = "projector"
    vision_mlp: VisionMlp = "own"
    vision_mlp_matrices: int = 2
    vision_parameters: int = 0
    vision_rotary: bool = False
    vision_heads_padded: bool = False
    patches_per_token: int = 4
    picture_tokens: int = 0
    audio_encoder: AudioEncoder = "transformer"
    audio_joint: AudioJoint = "linear"
    tool_parser: Mapping[str, str] = field(default_factory=dict)
    reasoning_parser: Mapping[str, str] = field(default_factory=dict)


STRANGER = Family()
