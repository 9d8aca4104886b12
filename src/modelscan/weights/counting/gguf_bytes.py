"""Where the bytes of GGUF weights lie: as the headers say, else as llama.cpp's schemes give each matrix its type.

A scheme quantizes most matrices to one type, and some that lose more by it to a larger one: of values, and of the MLP's
last matrix, in some layers or all; the output matrix has its own (ggml-org/llama.cpp: src/llama-quant.cpp).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from modelscan import dataclasses
from modelscan.dataclasses import dataclass
from modelscan.model import Architecture, LayerBytes, TensorBytes, WeightsDescription
from modelscan.weights.counting.attention import mixer
from modelscan.weights.counting.experts import dense_parameters, expert_parameters, layers_with, matrices
from modelscan.weights.counting.kv_cache import encodes_only, layer_kinds
from modelscan.weights.counting.tensors import biases, positions
from modelscan.weights.counting.towers import tower_parameters
from modelscan.weights.gguf_types import BYTES_EACH

# Beside a file's size: norms stay float32, and how the layers share it is as the scheme says.
_KNOWN_SIZE, _BY_SCHEME, _OF_A_MIXTURE = 0.01, 0.04, 0.12
_BLOCK = 256
# In place of a type whose block does not divide a row (src/llama-quant.cpp).
_FALLBACK = {"Q2_K": "IQ4_NL", "Q3_K": "IQ4_NL", "IQ4_XS": "IQ4_NL", "Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0"}


@dataclass(frozen=True, slots=True)
class Scheme:
    """`most` is the type of most matrices; `values` and `down` of those of the layers for which `raised` holds."""

    most: str
    values: str
    down: str
    output: str = "Q6_K"
    raised: Callable[[int, int], bool] = lambda layer, layers: True  # noqa: ARG005  the others' signature
    experts: str | None = None


def _some(layer: int, layers: int) -> bool:
    """The first and last eighth and every third between them."""
    return layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2  # noqa: PLR2004


def _first(layer: int, layers: int) -> bool:
    return layer < layers // 8


def _plain(kind: str) -> Scheme:
    return Scheme(kind, kind, kind, kind if BYTES_EACH[kind] >= BYTES_EACH["Q6_K"] else "Q6_K")


_SCHEMES: Mapping[str, Scheme] = {
    **{kind: _plain(kind) for kind in ("F32", "F16", "BF16", "Q8_0", "Q6_K", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "IQ4_NL")},
    "Q5_K_S": _plain("Q5_K"), "Q5_K_M": Scheme("Q5_K", "Q6_K", "Q6_K", raised=_some),
    "Q4_K_S": Scheme("Q4_K", "Q5_K", "Q5_K", raised=_first), "Q4_K_M": Scheme("Q4_K", "Q6_K", "Q6_K", raised=_some),
    "Q3_K_S": _plain("Q3_K"), "Q3_K_M": Scheme("Q3_K", "Q4_K", "Q4_K"), "Q3_K_L": Scheme("Q3_K", "Q5_K", "Q5_K"),
    "Q2_K": Scheme("Q2_K", "Q4_K", "Q3_K"), "Q2_K_S": Scheme("Q2_K", "Q4_K", "Q2_K"),
    "IQ4_XS": Scheme("IQ4_XS", "Q5_K", "Q5_K", raised=_first), "IQ3_M": Scheme("IQ3_S", "Q4_K", "Q4_K", raised=_first),
    "IQ3_S": _plain("IQ3_S"), "IQ3_XS": _plain("IQ3_S"), "IQ3_XXS": Scheme("IQ3_XXS", "IQ3_S", "IQ3_S", raised=_first),
    **{
        name: Scheme(most, "Q4_K", down, "Q5_K", _first)
        for name, most, down in (
            ("IQ2_M", "IQ2_S", "IQ3_S"), ("IQ2_S", "IQ2_XS", "IQ3_S"), ("IQ2_XS", "IQ2_XS", "Q2_K"),
            ("IQ2_XXS", "IQ2_XXS", "Q2_K"), ("IQ1_M", "IQ1_M", "IQ2_XXS"), ("IQ1_S", "IQ1_S", "IQ2_XXS"),
        )
    },
    "MXFP4": Scheme("Q8_0", "Q8_0", "Q8_0", "Q8_0", experts="MXFP4"),
    "MXFP4_MOE": Scheme("Q8_0", "Q8_0", "Q8_0", "Q8_0", experts="MXFP4"),
}  # fmt: skip
_LARGER = {"XL": "M", "L": "M"}


@dataclass(frozen=True, slots=True)
class LaidOut:
    """`off_by` is by what share the whole may be larger or smaller; 0 where every tensor's size is known."""

    tensors: TensorBytes
    off_by: float
    how: str


def laid_out(weights: WeightsDescription, quantization: str) -> LaidOut | None:
    """Where the bytes lie of these weights, or of another form of them; None where neither headers nor shape say."""
    if weights.tensors is not None and quantization == weights.quantization:
        return LaidOut(weights.tensors, 0.0, "the headers of the files list every tensor")
    size = next((form.size_bytes for form in weights.forms if form.quantization == quantization), None)
    if size is None and quantization == weights.quantization:
        size = weights.size_bytes
    counted = None if weights.architecture is None else by_scheme(weights.architecture, quantization)
    if counted is None:
        return None
    tensors, off_by = counted
    if size is None:
        return LaidOut(tensors, off_by, f"counted per tensor by the scheme of {quantization}; no header was read")
    factor = size / max(tensors.total - tensors.projector, 1)
    return LaidOut(_scaled(tensors, factor), _KNOWN_SIZE, "the size of the files, shared out by the scheme")


def scheme_of(quantization: str) -> tuple[Scheme, bool] | None:
    """And whether it is that one itself: dynamic mixtures (`UD-`) are near the one that they are named after."""
    word = quantization.upper()
    if word in _SCHEMES:
        return _SCHEMES[word], True
    base = word.removeprefix("UD-")
    start, _, size = base.rpartition("_")
    for name in (base, f"{start}_{_LARGER.get(size, size)}", start):
        if name in _SCHEMES:
            return _SCHEMES[name], False
    return None


@functools.lru_cache(maxsize=128)  # a plan asks for the refusal, its hints and each quantization again
def by_scheme(shape: Architecture, quantization: str) -> tuple[TensorBytes, float] | None:
    """Each matrix in the type that a scheme gives it. None for a scheme or a shape that is not known."""
    found, hidden, layers = scheme_of(quantization), shape.hidden_size, shape.num_hidden_layers
    if found is None or not hidden or not layers or not shape.vocab_size:
        return None
    scheme, plain = found
    kinds, thinking = shape.layer_types or ("full",) * layers, layers_with(shape, layer_kinds(shape))
    dense = dense_parameters(shape) if thinking.dense else 0.0
    experts = expert_parameters(shape) if thinking.experts else None
    each = _each(hidden)
    found_layers = []
    for layer in range(layers):
        raised = scheme.raised(layer, layers)
        values, down = (scheme.values, scheme.down) if raised else (scheme.most, scheme.most)
        kind = kinds[layer] if layer < len(kinds) else "full"
        mixing, valued = _mixing(shape, kind, hidden)
        rest = (
            (mixing - valued) * each(scheme.most)
            + valued * each(values)
            + (2 * hidden + biases(shape) / layers) * BYTES_EACH["F32"]
        )
        last = 1 / matrices(shape)  # of the MLP's matrices the one that leads back
        routed = 0.0
        mlp = each(scheme.most) * (1 - last) + each(down) * last
        if experts is not None and layer >= layers - thinking.experts:
            kept = scheme.experts
            routed = experts.routed * (BYTES_EACH[kept] if kept else mlp)
            rest += experts.shared * mlp + experts.router * BYTES_EACH["F32"]
            rest += dense * mlp if shape.family.mlp_beside_experts else 0.0
        elif kind != "none" or not thinking.experts:
            rest += dense * mlp
        found_layers.append(LayerBytes(int(rest), int(routed)))
    table = shape.vocab_size * hidden
    tied = bool(shape.tie_word_embeddings)
    embedding = int(table * each(scheme.output if tied else scheme.most))
    embedding += int(positions(shape) * hidden * BYTES_EACH["F32"])
    output = 0 if encodes_only(shape) else int(table * each(scheme.output))
    projector = int(tower_parameters(shape) * BYTES_EACH["F16"])
    off_by = _BY_SCHEME if plain else _OF_A_MIXTURE
    tensors = TensorBytes(
        layers=tuple(found_layers),
        embedding=embedding,
        output=output,
        copied=output if tied else 0,
        projector=projector,
    )
    return tensors, off_by


def _each(row: int) -> Callable[[str], float]:
    """Bytes of a number of a type, in rows of this length."""
    divides = row % _BLOCK == 0
    return lambda kind: BYTES_EACH[kind if divides else _FALLBACK.get(kind, kind)]


def _mixing(shape: Architecture, kind: str, hidden: int) -> tuple[float, float]:
    """Parameters of what mixes tokens in a layer, and how many of them are the matrix of values."""
    parts = ("full", "linear") if kind == "both" else (kind,)
    count = sum(one.divided + one.replicated for part in parts for one in (mixer(shape, part, 1),))
    if kind in {"linear", "none"} or shape.kv_lora_rank:
        return count, 0.0
    heads = shape.num_attention_heads or 1
    size = shape.v_head_dim or shape.head_dim or hidden // heads
    return count, min(float((shape.num_key_value_heads or heads) * size * hidden), count)


def _scaled(tensors: TensorBytes, factor: float) -> TensorBytes:
    return dataclasses.replace(
        tensors,
        layers=tuple(LayerBytes(int(layer.rest * factor), int(layer.experts * factor)) for layer in tensors.layers),
        embedding=int(tensors.embedding * factor),
        output=int(tensors.output * factor),
        copied=int(tensors.copied * factor),
    )
