"""The shape of a model and where its bytes lie, from the header of its GGUF file.

The keys are those of the architecture that the file names (ggml-org/ggml, docs/gguf.md; gguf 0.19.0, constants.py).
Which layers keep tokens and which a state, its tensors say.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from modelscan.dataclasses import dataclass
from modelscan.model import Architecture, LayerBytes, TensorBytes
from modelscan.parsing.regex import regex
from modelscan.weights.families.table import Families
from modelscan.weights.reading.gguf import GgufHeader, Tensor

_LAYER = regex(r"blk\.(\d{1,5})\.(.+)")
EXPERTS = regex(r"ffn_(?:up|down|gate|gate_up)_(?:ch)?exps\.")  # what `--n-cpu-moe` keeps on the host
_STATE = ("ssm_", "shortconv", "time_mix_")
_ATTENTION = ("attn_k.", "attn_qkv.", "attn_kv_a_mqa.", "attn_k_b.", "attn_kv_b.")
# Read for each token's row alone, wherever the layers are: llama.cpp keeps them in the host's memory.
_INPUT = ("token_embd", "token_types", "position_embd", "per_layer_token_embd")
_OUTPUT, _EMBEDDING = "output.weight", "token_embd.weight"
_MOST_LAYERS = 10_000


@dataclass(frozen=True, slots=True)
class GgufArchitecture:
    """A row of `catalogs/gguf_architectures.csv`: the model type that configs call it, and of how many layers one sees
    all tokens where the others have a window and the file does not say which.
    """

    model_type: str
    full_every: int | None


def parse_architectures(text: str) -> Mapping[str, GgufArchitecture]:
    return {
        row["architecture"]: GgufArchitecture(row["model_type"], int(row["full_every"]) if row["full_every"] else None)
        for row in csv.DictReader(text.splitlines())
    }


def tensor_bytes(parts: Sequence[GgufHeader], projector: GgufHeader | None = None) -> TensorBytes:
    """Where the bytes of a model lie, from the headers of all its files."""
    tensors = [tensor for part in parts for tensor in part.tensors]
    count = 1 + max((int(found[1]) for tensor in tensors if (found := _LAYER.fullmatch(tensor.name))), default=-1)
    rest, experts = [0] * min(count, _MOST_LAYERS), [0] * min(count, _MOST_LAYERS)
    embedding = output = 0
    tied: int | None = None
    for tensor in tensors:
        found = _LAYER.fullmatch(tensor.name)
        if found is not None and int(found[1]) < _MOST_LAYERS:
            (experts if EXPERTS.match(found[2]) else rest)[int(found[1])] += tensor.size_bytes
        elif tensor.name.startswith(_INPUT):
            embedding += tensor.size_bytes
            tied = tensor.size_bytes if tensor.name == _EMBEDDING else tied
        else:
            output += tensor.size_bytes
    if tied is not None and not any(tensor.name == _OUTPUT for tensor in tensors) and not _encodes(parts[0]):
        output += tied  # one matrix for both, of which the last GPU gets a copy
    else:
        tied = None
    return TensorBytes(
        layers=tuple(LayerBytes(*pair) for pair in zip(rest, experts, strict=True)),
        embedding=embedding,
        output=output,
        copied=tied or 0,
        projector=sum(tensor.size_bytes for tensor in projector.tensors) if projector is not None else 0,
    )


def read_gguf_shape(
    parts: Sequence[GgufHeader], families: Families, architectures: Mapping[str, GgufArchitecture]
) -> Architecture:
    """Of the first file's metadata and all files' tensors."""
    first = parts[0]
    tensors = {tensor.name: tensor for part in parts for tensor in part.tensors}
    named = first.architecture
    known = architectures.get(named) or GgufArchitecture(named.replace("-", "_"), None)
    said = _Said(first.metadata, named)
    heads, layers = said.most("attention.head_count"), said.number("block_count")
    layers = (layers or 0) - (said.number("nextn_predict_layers") or 0) or None
    hidden, latent = said.number("embedding_length"), said.number("attention.kv_lora_rank")
    head_dim = said.number("attention.key_length") or (hidden // heads if hidden and heads else None)
    values = said.number("attention.value_length")
    rotary = said.number("rope.dimension_count")
    experts, window = said.number("expert_count") or None, said.number("attention.sliding_window")
    kinds = _kinds(tensors, said, layers or 0, known.full_every if window else None)
    shape = Architecture(
        model_type=known.model_type,
        num_hidden_layers=layers,
        hidden_size=hidden,
        intermediate_size=said.most("feed_forward_length"),
        num_attention_heads=heads,
        num_key_value_heads=said.most("attention.head_count_kv") or heads,
        head_dim=(said.number("attention.key_length_mla") if latent else None) or head_dim,
        vocab_size=_rows(tensors.get(_EMBEDDING)) or said.number("vocab_size"),
        max_position_embeddings=said.number("context_length"),
        tie_word_embeddings=_OUTPUT not in tensors,
        sliding_window=window,
        layer_types=kinds if any(kind != "full" for kind in kinds) else (),
        num_experts=experts,
        num_experts_per_token=said.number("expert_used_count") if experts else None,
        moe_intermediate_size=said.number("expert_feed_forward_length"),
        num_shared_experts=said.number("expert_shared_count"),
        first_dense_layers=said.number("leading_dense_block_count"),
        q_lora_rank=said.number("attention.q_lora_rank"),
        kv_lora_rank=latent,
        qk_rope_head_dim=rotary if latent else None,
        v_head_dim=(said.number("attention.value_length_mla") if latent else None)
        or (values if values != head_dim else None),
        quant_method="gguf",
        details=_details(said, kinds),
        total_parameters=sum(map(_values, tensors.values())) or None,
    )
    return families.recognized(shape)


@dataclass(frozen=True, slots=True)
class _Said:
    """The metadata of one architecture, by keys without its name."""

    metadata: Mapping[str, Any]
    architecture: str

    def raw(self, key: str) -> Any:
        return self.metadata.get(f"{self.architecture}.{key}")

    def number(self, key: str) -> int | None:
        """A whole number; of a list, its first."""
        return next(iter(self._numbers(key)), None)

    def most(self, key: str) -> int | None:
        """The largest where layers differ."""
        return max(self._numbers(key), default=None)

    def _numbers(self, key: str) -> Iterable[int]:
        found = self.raw(key)
        values = found if isinstance(found, tuple) else (found,)
        return [value for value in values if type(value) is int and 0 <= value < 2**31]


def _kinds(tensors: Mapping[str, Tensor], said: _Said, layers: int, full_every: int | None) -> tuple[str, ...]:
    """`full`, `sliding`, `linear`, `both` or `none`, a layer."""
    parts: dict[int, set[str]] = {}
    for name in tensors:
        found = _LAYER.fullmatch(name)
        if found is not None:
            sort = "state" if found[2].startswith(_STATE) else "attention" if found[2].startswith(_ATTENTION) else ""
            parts.setdefault(int(found[1]), set()).add(sort)
    pattern = said.raw("attention.sliding_window_pattern")
    if type(pattern) is int and pattern > 0:
        full_every = pattern
    listed = pattern if isinstance(pattern, tuple) else ()
    interval = said.number("full_attention_interval")
    kinds = []
    for layer in range(min(layers, _MOST_LAYERS)):
        there = parts.get(layer, set())
        windowed = bool(listed[layer]) if layer < len(listed) else bool(full_every and (layer + 1) % full_every)
        if "state" in there:
            # Gated delta nets call their own projection as attention calls its: the interval tells them apart.
            mixed = "attention" in there and not interval
            kinds.append("both" if mixed else "linear")
        elif there and "attention" not in there:
            kinds.append("none")
        else:
            kinds.append("sliding" if windowed and said.number("attention.sliding_window") else "full")
    return tuple(kinds)


def _details(said: _Said, kinds: Sequence[str]) -> dict[str, Any]:
    """What else is counted with, under the names of configs; states as llama.cpp lays them out."""
    found = {
        "index_head_dim": said.number("attention.indexer.key_length"),
        "num_kv_shared_layers": said.number("attention.shared_kv_layers"),
    }
    if "linear" in kinds or "both" in kinds:
        state, inner = said.number("ssm.state_size"), said.number("ssm.inner_size")
        groups, kernel = said.number("ssm.group_count") or 0, said.number("ssm.conv_kernel") or 0
        if state and inner:
            found["state_values"] = state * inner + max(kernel - 1, 0) * (inner + 2 * groups * state)
        elif cache := said.number("shortconv.l_cache"):
            found["state_values"] = (cache - 1) * (said.number("embedding_length") or 0)
        elif head := said.number("wkv.head_size"):
            hidden = said.number("embedding_length") or 0
            found["state_values"] = head * hidden + (said.number("token_shift_count") or 2) * hidden
    return {key: value for key, value in found.items() if value}


def _encodes(header: GgufHeader) -> bool:
    """Whether it has no output to answer with."""
    return header.metadata.get(f"{header.architecture}.attention.causal") is False


def _rows(tensor: Tensor | None) -> int | None:
    return tensor.shape[1] if tensor is not None and len(tensor.shape) > 1 else None


def _values(tensor: Tensor) -> int:
    count = 1
    for size in tensor.shape:
        count *= size
    return count
