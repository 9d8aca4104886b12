"""The shape of weights, and what is known of them before any byte is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelscan.dataclasses import dataclass, field
from modelscan.model.family import STRANGER, Family
from modelscan.model.words import Source, Task


@dataclass(frozen=True, slots=True)
class QuantGroup:
    """Of a mixed quantization: the numeric scheme of some modules, which are names or patterns of names."""

    scheme: str
    modules: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Architecture:
    """The shape in `config.json`, in the field's words; `None` where the file does not say.

    `layer_types` has one of `full`, `sliding`, `linear`, `none` (a layer without attention or state), `both` (attention
    beside a state) per layer, and is empty where all are `full`. `details` are further facts of the file under its own
    names: state-space and linear attention sizes, indexers, global heads, speculative layers. `sizes` are those of
    them, and of the towers, that have many spellings, each under one name. `family` is what all of its model type have
    in common, `vision_family` the same of its tower.
    `unquantized_modules` are the name patterns of `modules_to_not_convert` or `ignore`; `quant_groups` is empty unless
    the weights are in several schemes.
    """

    architectures: tuple[str, ...] = ()
    model_type: str | None = None
    num_hidden_layers: int | None = None
    hidden_size: int | None = None
    intermediate_size: int | None = None
    num_attention_heads: int | None = None
    num_key_value_heads: int | None = None
    head_dim: int | None = None
    vocab_size: int | None = None
    max_position_embeddings: int | None = None
    tie_word_embeddings: bool | None = None
    dtype: str | None = None
    sliding_window: int | None = None
    layer_types: tuple[str, ...] = ()
    num_experts: int | None = None
    num_experts_per_token: int | None = None
    moe_intermediate_size: int | None = None
    num_shared_experts: int | None = None
    shared_expert_intermediate_size: int | None = None
    first_dense_layers: int | None = None
    q_lora_rank: int | None = None
    kv_lora_rank: int | None = None
    qk_nope_head_dim: int | None = None
    qk_rope_head_dim: int | None = None
    v_head_dim: int | None = None
    num_encoder_layers: int | None = None
    vision: Mapping[str, Any] = field(default_factory=dict)
    quant_method: str | None = None
    quant_bits: int | None = None
    quant_group_size: int | None = None
    unquantized_modules: tuple[str, ...] = ()
    quant_groups: tuple[QuantGroup, ...] = ()
    total_parameters: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    family: Family = STRANGER
    vision_family: Family = STRANGER

    def __hash__(self) -> int:
        """Of what tells most shapes apart, as mappings have none: what is summed of a shape can be kept."""
        return hash((self.model_type, self.num_hidden_layers, self.hidden_size, self.num_experts, self.quant_method))

    @property
    def context_limit(self) -> int | None:
        """The longest context of the model itself, in tokens; None where the file does not say."""
        positions = self.max_position_embeddings
        return None if positions is None else positions - self.family.unused_positions


@dataclass(frozen=True, slots=True)
class LayerBytes:
    """Bytes of one layer: those of its experts, which can stay in the host's memory alone, and of all else."""

    rest: int
    experts: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class TensorBytes:
    """Bytes of the tensors of a GGUF file, by where they may lie.

    `embedding` is read row by row and stays in the host's memory, `output` goes with the last layer; `copied` is
    what of it is the embedding again where both are one matrix, which a host that holds both holds once. `projector` is
    that of pictures, in a file of its own.
    """

    layers: tuple[LayerBytes, ...]
    embedding: int
    output: int
    copied: int = 0
    projector: int = 0

    @property
    def total(self) -> int:
        """All that is stored."""
        layers = sum(layer.rest + layer.experts for layer in self.layers)
        return layers + self.embedding + self.output - self.copied + self.projector


@dataclass(frozen=True, slots=True)
class Form:
    """One of several quantizations that a repo holds side by side: its files, the first one's name first."""

    quantization: str
    files: tuple[str, ...]
    size_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightsDescription:
    """What is known of weights before any byte of them is loaded.

    `location` is what the backend is given: a folder, or the repo id. `shape_from` is the repo whose shape stands in
    `architecture` where that of these weights is unknown. `bytes_by_dtype` and `parameters_by_dtype`
    come from the safetensors headers (exact) and are empty where only `config.json` is known.
    `code_files` are Python files in the repo: they run only where the user agreed; `code_hashes` are the hub's hashes
    of them, by name; `code_repos` are other repos whose code the config names. `only_pickles` is True where loading the
    weights runs what they hold. `license` is the word of the repo's card.
    `template_words` are what a chat template marks its parts with, such as `<tool_call>`; None where it was not read.
    `tensors` come from the headers of GGUF files; `files` are those files, the projector of pictures last, and
    `forms` the other quantizations that lie beside them.
    """

    source: Source
    repo_id: str
    location: str
    revision: str | None = None
    commit: str | None = None
    architecture: Architecture | None = None
    shape_from: str | None = None
    quantization: str | None = None
    format: str | None = None
    size_bytes: int | None = None
    bytes_by_dtype: Mapping[str, int] = field(default_factory=dict)
    parameters_by_dtype: Mapping[str, int] = field(default_factory=dict)
    code_files: tuple[str, ...] = ()
    code_hashes: Mapping[str, str] = field(default_factory=dict)
    code_repos: tuple[str, ...] = ()
    only_pickles: bool = False
    license: str | None = None
    gated: bool | None = None
    has_chat_template: bool | None = None
    template_words: tuple[str, ...] | None = None
    task: Task | None = None
    official: bool | None = None
    verified: bool | None = None
    tensors: TensorBytes | None = None
    files: tuple[str, ...] = ()
    forms: tuple[Form, ...] = ()
