"""A roofline: how fast a plan should be, to rank candidates. An estimate, never a measurement.

A decode step gives each request one token. It takes as long as the slower of reading and computing: the weights that
every token needs, the experts that this step's tokens select, and each request's KV cache; plus the time that does not
depend on size: kernel launches of each layer, all-reduces between GPUs, and scheduling each request.
"""

from __future__ import annotations

from dataclasses import dataclass

from modelscan.hardware.gpu_table import GpuFacts
from modelscan.model import Architecture, Candidate, Estimated, Gpu, WeightsDescription
from modelscan.planning.options.facts import KernelSupport, PlanningFacts
from modelscan.units import format_tokens
from modelscan.weights.counting.attention import mixer
from modelscan.weights.counting.bytes import bytes_per_parameter, parameter_count
from modelscan.weights.counting.experts import expert_parameters, layers_with
from modelscan.weights.counting.kv_cache import element_bytes, layer_kinds, request_bytes
from modelscan.weights.counting.tensors import embedding_parameters, parameters_per_gpu
from modelscan.weights.counting.towers import tower_parameters

BANDWIDTH_REACHED = 0.8  # NVIDIA's aiconfigurator-core 0.12.0 assumes this for all NVIDIA parts
COMPUTE_REACHED = 0.5  # an assumption: 0.4 to 0.6 of the dense figure
# Seconds of a step that do not depend on size. Fitted to published runs of vLLM, which it then meets within a fifth:
# Qwen3-8B in FP8 on an H100 with 1, 4, 16, 52 requests at 4.8, 5.3, 7.2, 14.2 ms (github.com/tgarg01/silybench-data,
# 0.30.0); gpt-oss-120b over eight H100 with 4 and 64 requests at 3.7 and 7.4 ms (SemiAnalysisAI/InferenceX#828), alone
# at 204 tokens/s (vllm-project/vllm#30738); Qwen3-4B on a 4090 at 10.4 ms and Qwen3-30B-A3B on an A100 at 9.6 ms
# (tenstorrent/tt-inference-server#394, #340); Llama-3-70B over four H200 at 16.2 ms (vLLM's own benchmark, 2024-11).
_LAYER, _EXPERTS_LAYER = 44e-6, 85e-6
_REQUEST = 20e-6
_JOINED = 10e-6  # of one all-reduce over NVLink or xGMI; there are two in a layer
# MLA runs more kernels in a layer, and no clean figure is public: between 30 tokens/s of the first versions
# (sgl-project/sglang#2643) and what their arithmetic would allow.
_LATENT_LAYER = 115e-6
_JOINED_OVER_PCIE, _PCIE_BYTES = 30e-6, 25e9  # an assumption: through the host, PCIe 4.0 x16
_LINK_REACHED = 0.7  # an assumption
_ALONE_CONTEXT = 2048
_READERS = frozenset({"embed", "rerank"})  # they answer with numbers: no step of theirs decodes


@dataclass(frozen=True, kw_only=True, slots=True)
class _Step:
    """What one GPU does in a step: `always` bytes are read whatever is asked, of `routed` the share that is met
    by the requests of `sources` copies; `constant` seconds pass besides, `flops` per token and GPU at `speed`.
    """

    always: float
    routed: float
    experts: int
    per_token: int
    sources: int
    cache: dict[int, int]
    bandwidth: float
    flops: float
    speed: float | None
    constant: float
    joined_bytes: float
    link: float

    def seconds(self, requests: float, context: int) -> float:
        read = self.always + self.routed * touched(self.experts, self.per_token, requests * self.sources)
        read += self.cache[context] * requests
        reading = read / self.bandwidth
        computing = self.flops * requests / self.speed if self.speed else 0.0
        joining = self.joined_bytes * requests / self.link
        return max(reading, computing) + joining + self.constant + requests * _REQUEST

    def prefill_seconds(self, tokens: int) -> float:
        """Of one token of a prompt, where computing counts and reading the weights once does not."""
        computing = self.flops / self.speed if self.speed else 0.0
        return computing + self.joined_bytes / self.link + (self.constant + _REQUEST) / tokens


def touched(experts: int, per_token: int, tokens: float) -> float:
    """The share of a layer's experts that a step meets: each token picks `per_token`, as if at random."""
    return 1 - (1 - per_token / experts) ** tokens if experts else 0.0


def estimate(
    weights: WeightsDescription,
    candidate: Candidate,
    gpus: tuple[Gpu, ...],
    kernel: KernelSupport | None,
    facts: PlanningFacts,
) -> Estimated:
    """Tokens per second where the GPU's figures and the shape are known: of one request, of as many as fit at their
    full length, and of a long prompt.
    """
    known, shape = facts.gpu(gpus[0]) if gpus else None, weights.architecture
    if known is None or known.bandwidth_gb_s is None or shape is None or not candidate.memory_per_gpu.weights_bytes:
        return Estimated()
    native = kernel is not None and kernel.native_on(gpus[0])
    flops, tokens = 2 * _active(weights, shape), candidate.max_model_len or _ALONE_CONTEXT
    rate = _rate(known, candidate.quantization, native=native)
    speed = rate * 1e12 * COMPUTE_REACHED if rate is not None else None
    alone = min(tokens, _ALONE_CONTEXT)
    step = _step(weights, shape, candidate, known, flops, speed, (alone, tokens))
    stages, copies = candidate.pipeline_parallel, candidate.data_parallel  # figures but these are of one copy
    found = 1 / (stages * step.seconds(1, alone))
    requests = int(min(candidate.max_num_seqs or 1, candidate.max_concurrency or 1)) or 1
    share = max(requests / stages, 1)  # a pipeline has a part of the requests in each stage
    together = share / step.seconds(share, tokens) if candidate.max_concurrency else None
    kind = f"{candidate.quantization} computed natively" if native else "computed in 16 bit"
    basis = (
        f"roofline: {known.bandwidth_gb_s:g} GB/s x {BANDWIDTH_REACHED:g}"
        + (f", {rate:g} TFLOPS x {COMPUTE_REACHED:g} ({kind})" if rate is not None else "")
        + f" of {known.name}, {format_tokens(alone)} tokens for one request; estimated, not measured"
    )
    writes = candidate.task not in _READERS
    return Estimated(
        decode_tokens_per_second=round(found, 1) if writes else None,
        concurrency=requests * copies if together is not None else None,
        concurrent_decode_tokens_per_second=round(together * copies, 1) if together is not None else None,
        prefill_tokens_per_second=round(copies / step.prefill_seconds(alone)) if speed and flops else None,
        basis=basis,
    )


def _step(
    weights: WeightsDescription,
    shape: Architecture,
    candidate: Candidate,
    known: GpuFacts,
    flops: float,
    speed: float | None,
    contexts: tuple[int, ...],
) -> _Step:
    tp, stages = candidate.tensor_parallel, candidate.pipeline_parallel
    kinds = layer_kinds(shape)
    layers, thinking = shape.num_hidden_layers or 1, layers_with(shape, kinds)
    each = bytes_per_parameter(
        candidate.quantization or "BF16", weights, at_load=candidate.load_quantization is not None
    )
    here = candidate.memory_per_gpu.weights_bytes
    whole = candidate.expert_parallel
    over = tp * candidate.data_parallel if whole else tp  # GPUs that share the experts
    mine = parameters_per_gpu(shape, tp, over if whole else None)
    padding = mine.padding if mine is not None else 0.0  # kernels read it as they read the experts
    experts = thinking.experts * expert_parameters(shape).routed / over + padding if thinking.experts else 0.0
    routed = min(experts * each / stages, here)
    resting = tower_parameters(shape) * 2 / tp
    if not shape.tie_word_embeddings:
        resting += embedding_parameters(shape) * 2 / tp / stages  # one row of the table is read, not all
    resting += layers * mixer(shape, "full", tp).absorbed * 2 / stages  # MLA reads one of the two copies
    linked = known.interconnect.lower().startswith(("nvlink", "xgmi"))
    number = element_bytes(candidate.kv_cache_dtype, candidate.dtype)
    once = thinking.experts * _EXPERTS_LAYER + (layers - thinking.experts) * _LAYER
    if shape.kv_lora_rank:
        once += layers * _LATENT_LAYER
    joined = 2 * layers if over > 1 else 0  # all-reduces, or bringing tokens to the experts and back
    once += joined * (_JOINED if linked else _JOINED_OVER_PCIE)
    return _Step(
        always=max(here - routed - resting, 0.0),
        routed=routed,
        experts=shape.num_experts or 0,
        per_token=shape.num_experts_per_token or 0,
        sources=candidate.data_parallel if whole else 1,
        cache={
            context: request_bytes(shape, context, tensor_parallel=tp, pipeline_parallel=stages, number=number)
            for context in contexts
        },
        bandwidth=(known.bandwidth_gb_s or 1) * 1e9 * BANDWIDTH_REACHED,
        flops=flops / tp / stages,
        speed=speed,
        constant=once / stages,
        # Every GPU gets the tokens of all copies, so that what comes in grows with them.
        joined_bytes=joined / stages * (2 * (tp - 1) / tp + over / tp - 1) * (shape.hidden_size or 0) * 2,
        link=_link_bytes(known) if linked else _PCIE_BYTES,
    )


def _active(weights: WeightsDescription, shape: Architecture) -> float:
    """Parameters that one token uses, without the table of words, of which it reads a row."""
    count = float(parameter_count(weights) or 0)
    experts = layers_with(shape, layer_kinds(shape)).experts
    if experts and shape.num_experts and shape.num_experts_per_token:
        resting = 1 - shape.num_experts_per_token / shape.num_experts
        count -= experts * expert_parameters(shape).routed * resting
    return max(count - (0 if shape.tie_word_embeddings else embedding_parameters(shape)), 0.0)


def _rate(known: GpuFacts, quantization: str | None, *, native: bool) -> float | None:
    """Dense TFLOPS of the format in which a GPU computes these weights."""
    if native and quantization in {"FP8", "INT8"}:
        return known.fp8_tflops or known.bf16_tflops
    if native and quantization in {"NVFP4", "MXFP4", "FP4"}:
        return known.fp4_tflops or known.bf16_tflops
    return known.bf16_tflops


def _link_bytes(known: GpuFacts) -> float:
    """Bytes per second of one direction; the table has both together, as vendors count."""
    figure = known.interconnect.split()[-1]
    return float(figure) / 2 * 1e9 * _LINK_REACHED if figure.replace(".", "").isdecimal() else _PCIE_BYTES
