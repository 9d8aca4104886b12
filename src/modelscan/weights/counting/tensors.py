"""Parameters on one GPU: those that a quantization covers, and those that stay 16-bit."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping

from modelscan import dataclasses
from modelscan.dataclasses import dataclass
from modelscan.model import Architecture
from modelscan.parsing.regex import regex
from modelscan.weights.counting.attention import mixer
from modelscan.weights.counting.experts import dense_parameters, expert_parameters, layers_with, matrices
from modelscan.weights.counting.kv_cache import encodes_only, layer_kinds
from modelscan.weights.counting.mixtures import Sort, bits_of_scheme, in_schemes, mixture
from modelscan.weights.counting.states import output_share
from modelscan.weights.counting.towers import encoder_parameters, tower_parameters

_VOCABULARY_PADDING = 64  # vllm/model_executor/layers/vocab_parallel_embedding.py: DEFAULT_VOCAB_PADDING_SIZE
_LAYER = regex(r"layers\.(\d+)\.")
# Quantizations that cover experts only, whatever else the config lists: MXFP4 (gpt-oss).
_EXPERTS_ONLY = frozenset({"mxfp4", "gpt_oss_mxfp4"})
# Meta's FP8 keeps attention and the first and last layers 16-bit, whether or not the config lists them (Llama 3.1
# report, section 6.2): Llama-3.1-405B takes 57.75 GiB on each of eight GPUs; all matrices in FP8 would be 47.8.
_NOT_ATTENTION = frozenset({"fbgemm_fp8"})


@dataclass(frozen=True, slots=True)
class Parameters:
    """Counts on one GPU. `linear` are the matrices that a quantization covers, `plain` is everything else.

    `absorbed` is MLA's second copy of its up-projection, always 16-bit and only in memory; `padding` is what kernels
    for 4-bit experts add to `linear`. Where a quantization is mixed, `linear` are in the scheme of most; `packed` are
    4-bit matrices next to 8-bit ones (DeepSeek-V4's experts), `eight` are 8-bit matrices next to 4-bit ones.
    """

    linear: float
    plain: float
    absorbed: float = 0.0
    padding: float = 0.0
    packed: float = 0.0
    eight: float = 0.0

    @property
    def checkpoint(self) -> float:
        return self.linear + self.plain + self.packed + self.eight


@functools.lru_cache(maxsize=512)  # a plan asks the same for each layout, share of memory and number of requests
def parameters_per_gpu(
    shape: Architecture, tensor_parallel: int = 1, experts_over: int | None = None
) -> Parameters | None:
    """The counts for a tensor-parallel size, all layers on one stage; None where the shape is incomplete.

    `experts_over`: the GPUs that whole experts are distributed over; None where experts are sharded like the rest.
    """
    mine = _sorted(shape, tensor_parallel, experts_over)
    if mine is None:
        return None
    linear, packed, eight = sum(mine.matrices.values()), mine.packed, 0.0
    mixed = _mixture(shape)
    if mixed is not None:
        counts = in_schemes(mine.matrices, mixed)
        mine = dataclasses.replace(mine, plain=mine.plain + linear - sum(counts.values()))
        most = max((bits_of_scheme(scheme) for scheme in schemes_of(shape)[:1]), default=0)
        linear = _of_bits(counts, lambda bits: bits == most)
        packed += _of_bits(counts, lambda bits: bits < most)
        eight = _of_bits(counts, lambda bits: bits > most)
    padding = _padding(shape, mine.layers_with_experts, tensor_parallel, experts_over)
    return Parameters(linear, mine.plain, mine.absorbed, padding, packed, eight)


def _of_bits(counts: Mapping[str, float], has: Callable[[int], bool]) -> float:
    return sum(count for scheme, count in counts.items() if has(bits_of_scheme(scheme)))


def schemes_of(shape: Architecture) -> tuple[str, ...]:
    """The schemes of the matrices of a mixed quantization, that of most of them first; `()` where it is not mixed."""
    mixed, whole = _mixture(shape), _sorted(shape)
    if mixed is None or whole is None:
        return ()
    return tuple(scheme for scheme, count in in_schemes(whole.matrices, mixed).items() if count)


@functools.lru_cache(maxsize=64)  # a config may list each of thousands of layers
def _mixture(shape: Architecture) -> Mapping[Sort, Mapping[str, float]] | None:
    whole = _sorted(shape) if shape.quant_groups else None
    return None if whole is None else mixture(shape, whole.matrices, whole.plain + whole.packed)


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Counts on one GPU: matrices that a quantization covers, by what they are for, and all else."""

    matrices: Mapping[Sort, float]
    plain: float
    absorbed: float
    packed: float
    layers_with_experts: int


@functools.lru_cache(maxsize=512)
def _sorted(shape: Architecture, tensor_parallel: int = 1, experts_over: int | None = None) -> _Sorted | None:
    hidden, layers, vocabulary = shape.hidden_size, shape.num_hidden_layers, shape.vocab_size
    if not hidden or not layers or not vocabulary:
        return None
    tp, kinds = tensor_parallel, layer_kinds(shape)
    plain = (
        embedding_parameters(shape) / tp * heads(shape)
        + layers * 2 * hidden
        + positions(shape) * hidden
        + biases(shape)
    )
    plain += (tower_parameters(shape) + _per_layer_inputs(shape)) / tp
    head = embedding_parameters(shape) / tp if _has_its_head_in_a_group(shape) else 0.0
    plain -= head
    matrices: dict[Sort, float] = {"attention": 0.0, "state": 0.0, "dense": 0.0, "experts": 0.0, "head": head}
    absorbed = packed = 0.0
    for kind, count in kinds.items():
        one = mixer(shape, kind, tp)
        sort: Sort = "state" if kind == "linear" else "attention"
        kept = _kept_of_states(shape) if kind == "linear" else _kept(shape, _is_attention)
        matrices[sort] += count * (one.divided + one.replicated) * (1 - kept)
        plain += count * (one.divided + one.replicated) * kept
        absorbed += count * one.absorbed
    thinking = layers_with(shape, kinds)
    dense = thinking.dense * dense_parameters(shape) / tp
    if thinking.experts:
        experts = expert_parameters(shape)
        routed = thinking.experts * experts.routed / (experts_over or tp)
        if shape.details.get("expert_dtype") == "fp4" and shape.quant_method == "fp8":
            packed = routed
        else:
            matrices["experts"] += routed
        plain += thinking.experts * experts.router
        dense += thinking.experts * experts.shared / tp
    kept = _kept(shape, _is_dense)
    matrices["dense"] += dense * (1 - kept)
    plain += dense * kept
    if shape.num_encoder_layers:  # whisper: an encoder of the same width, and cross-attention in the decoder
        inner, mels = shape.intermediate_size or 4 * hidden, shape.details.get("num_mel_bins") or 80
        matrices["dense"] += encoder_parameters(hidden, shape.num_encoder_layers, inner, mels, _heard(shape)) / tp
        matrices["attention"] += layers * mixer(shape, "full", tp).divided
    return _Sorted(matrices, plain, absorbed, packed, thinking.experts)


def embedding_parameters(shape: Architecture) -> float:
    padded = -(-(shape.vocab_size or 0) // _VOCABULARY_PADDING) * _VOCABULARY_PADDING
    return float(padded * (shape.hidden_size or 0))


def heads(shape: Architecture) -> int:
    """Matrices of the vocabulary's size: the embeddings, and the head unless it is tied."""
    return 1 if shape.tie_word_embeddings or encodes_only(shape) else 2


def _per_layer_inputs(shape: Architecture) -> float:
    """Of gemma 3n and small gemma 4: per-layer embeddings with their projections; for 3n also its residual streams."""
    facts, hidden, layers = shape.details, shape.hidden_size or 0, shape.num_hidden_layers or 0
    size, rank = facts.get("hidden_size_per_layer_input") or 0, facts.get("laurel_rank") or 0
    rows = facts.get("vocab_size_per_layer_input") or shape.vocab_size or 0
    streams = 2 * max((facts.get("altup_num_inputs") or 1) - 1, 0) * hidden * hidden
    return float(rows * layers * size + 3 * hidden * layers * size + 2 * hidden * rank * layers + streams)


def positions(shape: Architecture) -> int:
    """Rows of the learned position table; rotary tables are computed."""
    return (shape.max_position_embeddings or 0) if shape.family.learned_positions else 0


def biases(shape: Architecture) -> int:
    """Families with learned positions are the old ones, where every matrix and norm has a bias."""
    if not shape.family.learned_positions:
        return 0
    hidden, layers = shape.hidden_size or 0, (shape.num_hidden_layers or 0) + (shape.num_encoder_layers or 0)
    return layers * (7 * hidden + (shape.intermediate_size or 4 * hidden))


def _heard(shape: Architecture) -> int:
    return shape.details.get("max_source_positions") or 0


def _kept(shape: Architecture, concerns: Callable[[str], bool]) -> float:
    """The fraction of layers whose modules of one sort stay 16-bit."""
    if shape.quant_method in _EXPERTS_ONLY and concerns is not _is_dense:
        return 1.0
    if shape.quant_method in _NOT_ATTENTION and not shape.unquantized_modules:
        return 1.0 if concerns is _is_attention else 2 / (shape.num_hidden_layers or 2)
    named = [pattern for pattern in shape.unquantized_modules if concerns(pattern)]
    numbers = {int(found[1]) for pattern in named if (found := _LAYER.search(pattern))}
    if any(_LAYER.search(pattern) is None for pattern in named):
        return 1.0
    return min(len(numbers) / (shape.num_hidden_layers or 1), 1.0)


def _kept_of_states(shape: Architecture) -> float:
    """Of the mixers that keep a state the fraction that stays 16-bit: all of it, or what lies before the state."""
    named = [pattern for pattern in shape.unquantized_modules if _is_state(pattern)]
    inputs = bool(named) and all("in_proj" in pattern for pattern in named)
    return _kept(shape, _is_state) * (1 - output_share(shape) if inputs else 1)


def _has_its_head_in_a_group(shape: Architecture) -> bool:
    """Whether a mixed quantization names the head, which stays 16-bit otherwise."""
    return heads(shape) > 1 and any("lm_head" in name for group in shape.quant_groups for name in group.modules)


def _is_attention(pattern: str) -> bool:
    return "attn" in pattern and "linear_attn" not in pattern and "visual" not in pattern and "vision" not in pattern


def _is_state(pattern: str) -> bool:
    """Only the large projections count: in_proj_a and in_proj_b, which are often listed, are small."""
    return "mamba" in pattern or "mixer" in pattern or bool(re.search(r"linear_attn(\.?\*|\.in_proj_qkv|$)", pattern))


def _is_dense(pattern: str) -> bool:
    """The gate of shared experts, which nearly all configs list, is one row."""
    return bool(re.search(r"shared_experts?(?!\w*_gate)|(?<!experts\.)mlp.*(up|down)", pattern))


def _padding(shape: Architecture, layers: int, tensor_parallel: int, experts_over: int | None) -> float:
    """Marlin pads MXFP4 experts: the hidden size to 256, each GPU's width to 128.

    With padding gpt-oss-20b comes to 13.68 GiB (13.72 measured) and 120b over four GPUs to 17.17 (17.22).
    """
    hidden, width = shape.hidden_size or 0, shape.moe_intermediate_size or shape.intermediate_size or 0
    if shape.quant_method not in _EXPERTS_ONLY or not shape.num_experts:
        return 0.0
    mine = width if experts_over else width / tensor_parallel
    experts = shape.num_experts / (experts_over or 1)
    padded = -(-hidden // 256) * 256 * -(-mine // 128) * 128
    return float(layers * matrices(shape) * experts * (padded - hidden * mine))
