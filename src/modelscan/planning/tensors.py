"""How many parameters a GPU holds, by what may be quantized and what stays 16-bit.

The structure is that of the models themselves; how a backend splits it is read from vLLM 0.33's layers: column and
row parallel linears divide, KV heads are replicated when there are fewer than GPUs, MLA's down-projections and
routers stay whole on every GPU.
"""

from __future__ import annotations

from dataclasses import dataclass

from modelscan.model import Architecture

_VOCABULARY_PADDING = 64  # vllm/model_executor/layers/vocab_parallel_embedding.py: DEFAULT_VOCAB_PADDING_SIZE
_UNGATED = ("opt", "starcoder2", "gpt2", "whisper", "bert", "roberta", "xlm-roberta", "gpt_neox", "falcon", "phi")


@dataclass(frozen=True, slots=True)
class Parameters:
    """Counts on one GPU. `linear` are the matrices that a quantization covers, `plain` everything else.

    `absorbed` is MLA's second copy of its up-projection, always 16-bit, which exists only in memory.
    """

    linear: float
    plain: float
    absorbed: float = 0.0

    @property
    def checkpoint(self) -> float:
        return self.linear + self.plain


def parameters_per_gpu(shape: Architecture, tensor_parallel: int = 1) -> Parameters | None:
    """The counts for a tensor-parallel size, all layers on one stage; None where the shape says too little."""
    hidden, layers, vocabulary = shape.hidden_size, shape.num_hidden_layers, shape.vocab_size
    if not hidden or not layers or not vocabulary:
        return None
    tp = tensor_parallel
    embedding = -(-vocabulary // _VOCABULARY_PADDING) * _VOCABULARY_PADDING * hidden / tp
    plain = embedding * (1 if shape.tie_word_embeddings else 2) + layers * 2 * hidden
    attention, replicated, absorbed = _attention(shape, hidden, tp)
    keeps_attention = any("attn" in pattern for pattern in shape.unquantized_modules)
    linear = layers * replicated
    if keeps_attention:
        plain += layers * attention
    else:
        linear += layers * attention
    dense = (3 if _gated(shape) else 2) * hidden * (shape.intermediate_size or 4 * hidden) / tp
    if shape.num_experts:
        first_dense = shape.first_dense_layers or 0
        experts, router = _experts(shape, hidden, tp)
        linear += first_dense * dense + (layers - first_dense) * experts
        plain += (layers - first_dense) * router
    else:
        linear += layers * dense
    if shape.num_encoder_layers:  # an encoder beside the decoder (whisper): self-attention and MLP of the same width,
        linear += shape.num_encoder_layers * (attention + dense) + layers * attention  # and cross-attention here
    return Parameters(linear, plain, layers * absorbed)


def _gated(shape: Architecture) -> bool:
    return (shape.model_type or "") not in _UNGATED


def _attention(shape: Architecture, hidden: int, tp: int) -> tuple[float, float, float]:
    """Divided, replicated and absorbed parameters of one attention layer."""
    heads = shape.num_attention_heads or max(1, hidden // 64)
    if shape.kv_lora_rank:
        nope, rope = shape.qk_nope_head_dim or 128, shape.qk_rope_head_dim or 64
        value, rank = shape.v_head_dim or nope, shape.kv_lora_rank
        query = (shape.q_lora_rank or hidden) * heads * (nope + rope) / tp
        up = rank * heads * (nope + value) / tp
        down = hidden * (rank + rope) + (hidden * shape.q_lora_rank if shape.q_lora_rank else 0)
        return query + up + heads * value * hidden / tp, down, up
    head_size = shape.head_dim or hidden // heads
    kv_heads = shape.num_key_value_heads or heads
    divided = 2 * hidden * heads * head_size / tp + 2 * hidden * max(kv_heads / tp, 1) * head_size
    return divided, 0.0, 0.0


def _experts(shape: Architecture, hidden: int, tp: int) -> tuple[float, float]:
    """Divided parameters of one layer's experts, and the router, which every GPU has whole."""
    experts = shape.num_experts or 0
    width = shape.moe_intermediate_size or shape.intermediate_size or 4 * hidden
    shared = shape.shared_expert_intermediate_size or (shape.num_shared_experts or 0) * width
    return 3 * hidden * (experts * width + shared) / tp, hidden * experts
