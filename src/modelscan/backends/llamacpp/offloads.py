"""What llama.cpp takes of GPUs and of the host: KV cache, states, the buffers that it computes in.

The formulae are those of its log (`-lv 4`), checked row by row by `benchmarks/llamacpp_accuracy.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.backends.base import Working
from modelscan.backends.capabilities import Offloads
from modelscan.model import Architecture, Device
from modelscan.units import MIB
from modelscan.weights.counting.kv_cache import encodes_only, layer_kinds, token_bytes
from modelscan.weights.counting.sizes import Sized
from modelscan.weights.counting.states import state_space

# Of one number, with the scale of each block of 32 (ggml/src/ggml-common.h).
_NUMBERS = {
    "auto": 2.0, "float32": 4.0, "float16": 2.0, "bfloat16": 2.0, "q8_0": 34 / 32, "q5_1": 24 / 32, "q5_0": 22 / 32,
    "q4_1": 20 / 32, "q4_0": 18 / 32, "iq4_nl": 18 / 32,
}  # fmt: skip
_PADDED = 256  # cells of a cache come in so many (src/llama-kv-cache.cpp)
_STATE_NUMBER = 4  # states and convolutions are float32
_WIDE = 4  # and so are activations
_HALF = 2


class LlamaCppOffloads(Offloads):
    # Q4_K_M is what its own `-hf` takes where nobody says (common/arg.cpp); then what loses less, then what loses more.
    best_first = (
        "MXFP4", "MXFP4_MOE", "Q4_K_M", "UD-Q4_K_XL", "Q4_K_S", "IQ4_XS", "Q4_0", "Q5_K_M", "Q6_K", "Q8_0", "Q5_K_S",
        "UD-Q3_K_XL", "Q3_K_M", "Q3_K_S", "UD-Q2_K_XL", "Q2_K", "BF16", "F16",
    )  # fmt: skip
    step = 512  # --ubatch-size

    def number_bytes(self, cache_type: str | None) -> float | None:
        asked = (cache_type or "auto").lower()
        return _NUMBERS["q8_0"] if asked.startswith("fp8") else _NUMBERS.get(asked)

    def cache_bytes(self, shape: Architecture, context: int, requests: int, number: float) -> Mapping[str, int]:
        kinds = layer_kinds(shape)
        found = {}
        for kind in kinds:
            if kind == "none":
                found[kind] = 0
                continue
            if kind == "linear":
                found[kind] = requests * _state_values(shape) * _STATE_NUMBER
                continue
            cells = _padded(context) * requests
            if kind == "sliding" and shape.sliding_window:
                cells = min(cells, _padded(shape.sliding_window + self.step) * requests)
            found[kind] = int(cells * token_bytes(shape, 1, number, kind))
        if shape.layer_types and "both" in shape.layer_types:
            found["both"] = found.get("full", 0) + found.get("linear", 0)
        return found

    def working(self, shape: Architecture, context: int, requests: int) -> Working:
        return working(shape, context, requests, step=self.step)

    def fixed_overhead(self, device: Device) -> Sized:
        if device == "cpu":  # resident before any weights: 39 to 49 MB measured
            return Sized(32 * MIB, 64 * MIB, 256 * MIB)
        return Sized(300 * MIB, 400 * MIB, 550 * MIB)  # the context of CUDA and its libraries

    def staged_bytes(self, experts_bytes: int) -> int:
        """Prompts are computed on the GPU, one of a layer's three stacks of experts after the other."""
        return experts_bytes // 3


def working(shape: Architecture, context: int, requests: int, *, step: int, flash: bool = True) -> Working:
    """What a step of `step` tokens computes in. Older builds keep the words of a whole step, newer ones of a few rows;
    what of the layers' buffers is shared, and whether masks are halved, differs too. Without `flash` attention, used
    wherever there is a kernel for the size of the heads, the scores of all tokens stand beside each other.
    """
    tokens = min(step, context * requests)
    hidden, heads = shape.hidden_size or 0, shape.num_attention_heads or 1
    width = max(shape.intermediate_size or 0, (shape.num_experts_per_token or 0) * (shape.moe_intermediate_size or 0))
    stream = tokens * hidden * _WIDE
    mask = tokens * _padded(context) * requests * _WIDE
    head = (shape.kv_lora_rank or 0) + (shape.qk_rope_head_dim or 0) or shape.head_dim or hidden // heads
    layer = tokens * 2 * (width + hidden + heads * head) * _WIDE
    words = 0 if encodes_only(shape) else tokens * (shape.vocab_size or 0) * _WIDE
    scores = 0 if flash else tokens * _padded(context) * heads * _WIDE
    gpu = Sized(layer // 4, max(layer, scores) + mask // _HALF, max(words + stream, scores) + layer + mask)
    host = Sized(stream // _HALF, 2 * stream + mask // _HALF, 3 * stream + 2 * mask)
    return Working(gpu, host, gpu + Sized(0, stream, host.high))


def _padded(cells: int) -> int:
    return -(-cells // _PADDED) * _PADDED


def _state_values(shape: Architecture) -> int:
    """Numbers of one layer and request: the state and the convolution's last inputs (src/llama-hparams.cpp)."""
    facts = shape.details
    if found := facts.get("state_values"):
        return int(found)
    if heads := facts.get("linear_num_value_heads"):
        size, inner = facts.get("linear_key_head_dim") or 128, heads * (facts.get("linear_value_head_dim") or 128)
        keys, kernel = facts.get("linear_num_key_heads") or heads, facts.get("linear_conv_kernel_dim") or 4
        return int(size * inner + (kernel - 1) * (inner + 2 * keys * size))
    if space := state_space(shape):
        groups = space.groups if space.heads else 0
        return int(space.state * space.inner + (space.kernel - 1) * (space.inner + 2 * groups * space.state))
    if kernel := facts.get("conv_L_cache"):
        return int((kernel - 1) * (shape.hidden_size or 0))
    delta = facts.get("linear_attn_config")
    if isinstance(delta, Mapping) and delta.get("num_heads") and delta.get("head_dim"):
        width = delta["num_heads"] * delta["head_dim"]
        return int(width * delta["head_dim"] + 3 * width * ((delta.get("short_conv_kernel_size") or 4) - 1))
    return int((shape.hidden_size or 0) * 128)


OFFLOADS = LlamaCppOffloads()
