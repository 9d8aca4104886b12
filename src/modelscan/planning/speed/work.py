"""What a step reads, computes and sends on each processor."""

from __future__ import annotations

from modelscan.model import Architecture, Candidate, WeightsDescription
from modelscan.planning.speed.processor import Processor
from modelscan.planning.speed.step import PromptStep, Step, slowed
from modelscan.weights.counting.attention import mixer
from modelscan.weights.counting.bytes import bytes_per_parameter, parameter_count
from modelscan.weights.counting.experts import expert_parameters, layers_with
from modelscan.weights.counting.kv_cache import element_bytes, layer_kinds, request_bytes
from modelscan.weights.counting.tensors import embedding_parameters, parameters_per_gpu
from modelscan.weights.counting.towers import tower_parameters


def decode_step(
    weights: WeightsDescription, shape: Architecture, candidate: Candidate, processor: Processor, context: int
) -> Step:
    """A decode step whose requests are `context` tokens long."""
    tp, stages = candidate.tensor_parallel, candidate.pipeline_parallel
    whole, over = candidate.expert_parallel, _over(candidate)
    layers, experts = shape.num_hidden_layers or 1, layers_with(shape, layer_kinds(shape)).experts
    here = candidate.memory_per_gpu.weights_bytes
    routed = min(_routed_bytes(weights, shape, candidate, experts) / stages, here)
    resting = tower_parameters(shape) * 2 / tp
    if not shape.tie_word_embeddings:
        resting += embedding_parameters(shape) * 2 / tp / stages  # one row of the table is read, not all
    resting += layers * mixer(shape, "full", tp).absorbed * 2 / stages  # MLA reads one of the two copies
    number = element_bytes(candidate.kv_cache_dtype, candidate.dtype)
    constant = experts * processor.constant("experts_layer") + (layers - experts) * processor.constant("layer")
    if shape.kv_lora_rank:
        constant += layers * processor.constant("latent_layer")
    if over > 1:  # two all-reduces in a layer, or bringing tokens to the experts and back
        constant += 2 * layers * processor.constant("join", "nvlink" if processor.linked else "pcie")
    return Step(
        always=max(here - routed - resting, 0.0),
        routed=routed,
        experts=shape.num_experts or 0,
        per_token=shape.num_experts_per_token or 0,
        sources=candidate.data_parallel if whole else 1,
        cache=request_bytes(shape, context, tensor_parallel=tp, pipeline_parallel=stages, number=number),
        lone_cache=processor.constant("lone_cache"),
        bandwidth=processor.bandwidth * processor.constant("bandwidth_reached"),
        flops=2 * _active(weights, shape) / tp / stages,
        speed=_speed(processor),
        exposed=processor.constant("exposed"),
        prompts=processor.constant("prompts"),
        request=processor.constant("request"),
        constant=constant / stages + processor.constant("step"),
        least=processor.constant("step_least"),
        joined_bytes=_joined_bytes(shape, candidate) * processor.constant("joined_bytes"),
        link=processor.link,
        power=processor.power,
        slowing=processor.constant("power"),
        stages=stages,
    )


def prompt_step(
    weights: WeightsDescription, shape: Architecture, candidate: Candidate, processor: Processor, step: Step
) -> PromptStep | None:
    """None where nothing says how fast the processor computes."""
    speed = _speed(processor)
    flops = 2 * _active(weights, shape) / candidate.tensor_parallel / candidate.pipeline_parallel
    if speed is None or not flops:
        return None
    if layers_with(shape, layer_kinds(shape)).experts:
        speed *= processor.constant("prompt_experts")
    speed *= slowed(processor.power, 1.0, step.slowing)
    return PromptStep(
        flops=flops,
        speed=speed,
        joined_bytes=_joined_bytes(shape, candidate),
        link=processor.link if processor.linked else processor.constant("prompt_link", "pcie"),
        constant=step.constant + step.request,
        least=processor.constant("prompt_least"),
    )


def _speed(processor: Processor) -> float | None:
    if processor.tflops is None:
        return None
    return processor.tflops * 1e12 * processor.constant("compute_reached")


def _over(candidate: Candidate) -> int:
    """How many GPUs share the experts."""
    return candidate.tensor_parallel * (candidate.data_parallel if candidate.expert_parallel else 1)


def _routed_bytes(weights: WeightsDescription, shape: Architecture, candidate: Candidate, experts: int) -> float:
    if not experts:
        return 0.0
    over = _over(candidate)
    mine = parameters_per_gpu(shape, candidate.tensor_parallel, over if candidate.expert_parallel else None)
    padding = mine.padding if mine is not None else 0.0  # kernels read it as they read the experts
    each = bytes_per_parameter(
        candidate.quantization or "BF16", weights, at_load=candidate.load_quantization is not None
    )
    return (experts * expert_parameters(shape).routed / over + padding) * each


def _joined_bytes(shape: Architecture, candidate: Candidate) -> float:
    """Bytes that a GPU sends for a token. It gets the tokens of all copies, so that what comes in grows with them."""
    over, tp = _over(candidate), candidate.tensor_parallel
    joins = 2 * (shape.num_hidden_layers or 1) / candidate.pipeline_parallel if over > 1 else 0.0
    return joins * (2 * (tp - 1) / tp + over / tp - 1) * (shape.hidden_size or 0) * 2


def _active(weights: WeightsDescription, shape: Architecture) -> float:
    """Parameters that one token uses, without the table of words, of which it reads a row."""
    count = float(parameter_count(weights) or 0)
    experts = layers_with(shape, layer_kinds(shape)).experts
    if experts and shape.num_experts and shape.num_experts_per_token:
        resting = 1 - shape.num_experts_per_token / shape.num_experts
        count -= experts * expert_parameters(shape).routed * resting
    return max(count - (0 if shape.tie_word_embeddings else embedding_parameters(shape)), 0.0)
