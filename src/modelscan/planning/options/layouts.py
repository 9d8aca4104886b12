"""How weights are spread over GPUs: which sizes divide, which GPUs are taken, how many copies run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from modelscan.dataclasses import dataclass
from modelscan.model import Architecture, Gpu, PlanRequest

# Layers with a state of their own are divided by their heads (vLLM 0.33: layers/mamba, models/qwen3_next.py).
_STATE_HEADS = ("linear_num_key_heads", "linear_num_value_heads")
_FP8_BLOCK = 128  # of every release in block-wise FP8 so far
_FOUR_BITS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """`gpus` in the order that the backend gets them, those of all copies; none means the CPU.

    `apart`: GPUs that share a model cannot read each other's memory. `bridged`: NVLink connects each to each, as the
    driver says of this machine. `idle` GPUs of the same kind stay free. `faster`:
    more GPUs than hold it, for latency. `stages` are the layers of each stage of a pipeline where these are unequal,
    `stage` those of the one that is judged, which holds least. `expert_parallel`: each GPU has some of the experts
    whole, of those of all copies, instead of a part of each.
    """

    gpus: tuple[Gpu, ...]
    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    data_parallel: int = 1
    expert_parallel: bool = False
    faster: bool = False
    apart: bool = False
    bridged: bool = False
    idle: int = 0
    stages: tuple[int, ...] = ()
    stage: int | None = None

    def stages_of(self, layers: int | None) -> float:
        """How many stages like the one that is judged the whole model would have."""
        return (layers or sum(self.stages)) / self.stage if self.stage else self.pipeline_parallel

    @property
    def split(self) -> int:
        """The GPUs of one copy."""
        return self.tensor_parallel * self.pipeline_parallel

    @property
    def experts_over(self) -> int | None:
        """The GPUs to which whole experts are dealt out; None where each is divided as all else."""
        return self.tensor_parallel * self.data_parallel if self.expert_parallel else None


def layouts(
    shape: Architecture | None,
    devices: Sequence[Gpu],
    request: PlanRequest,
    *,
    apart: Callable[[Sequence[Gpu]], bool] = lambda _: False,
    pipeline: bool = True,
    whole_experts: bool | None = False,
) -> list[Layout]:
    """Every layout over GPUs of one kind that the shape allows: those that divide each layer first, the fewest GPUs
    first; a pipeline, which leaves GPUs waiting for one another, comes after them.

    For throughput the GPUs that one copy leaves get copies too, over all of which the experts of a mixture are spread;
    and a pipeline comes first where GPUs cannot read each other's memory: it exchanges least. GPUs with the most free
    memory are taken first. What the user fixed is kept: no layout then breaks it. `pipeline`: whether the model can be
    run in one. `whole_experts`: whether the backend can give each GPU some of the experts whole, which divides where
    their width does not; None where the user has it do so.
    """
    throughput = request.mode == "throughput"
    found: list[Layout] = []
    kinds = alike(devices)
    unlike = len(kinds) > 1 and not request.gpus  # together they are used in a pipeline of unequal stages
    for group in [list(devices)] if request.gpus or unlike else kinds:
        for split in range(1, len(group) + 1):
            copies = _copies(shape, len(group), split, request, whole_experts) if throughput else 1
            if not copied(shape) and copies > 1 and apart(group[: split * copies]):
                copies = 1  # tokens would go to the experts and back through the host, in every layer
            count = split * copies
            if unlike and (count != len(devices) or copies > 1):
                continue
            if request.gpu_count is not None and count != request.gpu_count:
                continue
            if request.gpus and count != len(devices):  # named GPUs are all used
                continue
            gpus = tuple(sorted(group[:count], key=lambda gpu: gpu.index))
            found += [
                Layout(
                    gpus=gpus,
                    tensor_parallel=tp,
                    pipeline_parallel=pp,
                    data_parallel=copies,
                    expert_parallel=whole,
                    apart=count > 1 and apart(gpus) if whole else split > 1 and apart(gpus),
                    idle=len(group) - count,
                )
                for tp, pp, whole in _splits(shape, split, copies, request, whole_experts)
                if (pipeline or pp == 1) and not (unlike and tp > 1)
            ]

    def place(layout: Layout) -> tuple[int, int, int]:
        """Of pipelines the shortest first: GPUs wait for fewer others."""
        if throughput and layout.apart:
            return 1, layout.split, layout.tensor_parallel
        if throughput and shape is not None and not copied(shape):
            return layout.pipeline_parallel, -len(layout.gpus), layout.split
        return layout.pipeline_parallel, layout.split, layout.tensor_parallel

    return sorted(found, key=place)


def alike(devices: Sequence[Gpu]) -> list[list[Gpu]]:
    """GPUs of the same kind: memory is never summed over different ones, unless the user named them."""
    groups: dict[tuple[object, ...], list[Gpu]] = {}
    for gpu in devices:
        groups.setdefault((gpu.vendor, gpu.name, gpu.memory_total_bytes), []).append(gpu)
    return [sorted(group, key=lambda gpu: -(gpu.memory_free_bytes or 0)) for group in groups.values()]


def copied(shape: Architecture | None) -> bool:
    """Whether copies run beside each other. The experts of a mixture are instead spread over all copies' GPUs (vLLM
    0.33: docs of `--data-parallel-size`), which is another sum.
    """
    return shape is not None and not shape.num_experts


def _copies(
    shape: Architecture | None, there: int, split: int, request: PlanRequest, whole_experts: bool | None
) -> int:
    """As many as there are GPUs for; those that share experts, as many as these can be dealt out to evenly."""
    wanted = request.gpu_count or there
    if shape is None or wanted > there or (not copied(shape) and whole_experts is False):
        return 1
    most = max(wanted // split, 1)
    if copied(shape):
        return most
    return next((count for count in range(most, 1, -1) if (shape.num_experts or 0) % (split * count) == 0), 1)


def _splits(
    shape: Architecture | None, count: int, copies: int, request: PlanRequest, whole_experts: bool | None
) -> list[tuple[int, int, bool]]:
    """Tensor and pipeline parallel, whose product is the number of GPUs, and whether each GPU has experts whole: where
    copies share them, and where their width cannot be divided.
    """
    mixed = shape is not None and not copied(shape)
    found = []
    for tp, pp in [(tp, count // tp) for tp in range(count, 0, -1) if count % tp == 0]:
        if request.tensor_parallel not in {None, tp} or request.pipeline_parallel not in {None, pp}:
            continue
        if pp > 1 and shape is not None and (shape.num_hidden_layers or pp) < pp:
            continue
        whole = mixed and (copies > 1 or whole_experts is None)
        if mixed and whole_experts and not whole and tensor_parallel_problem(shape, tp) is not None:
            whole = True
        if whole and copies > 1 and pp > 1:  # such copies are not run as pipelines
            continue
        if tensor_parallel_problem(shape, tp, whole_experts=whole) is None:
            found.append((tp, pp, whole))
    return found


def tensor_parallel_problem(shape: Architecture | None, size: int, *, whole_experts: bool = False) -> str | None:
    """Why a shape cannot be divided so: heads must divide, KV heads divide or be replicated evenly, and no block or
    group of quantized numbers may straddle two GPUs (vLLM 0.33: config/model.py, layers/linear.py, quantization/).
    `whole_experts`: they are dealt out, not divided.
    """
    if shape is None or size == 1:
        return None
    return next(_problems(shape, size, whole_experts=whole_experts), None)


def _problems(shape: Architecture, size: int, *, whole_experts: bool) -> Iterator[str]:
    kv_heads = shape.num_key_value_heads
    for heads, what in _heads(shape):
        if heads % size:
            yield f"{heads} {what} cannot be divided by {size}"
    if whole_experts and (shape.num_experts or 0) % size:
        yield f"{shape.num_experts} experts cannot be distributed evenly over {size} GPUs"
    if kv_heads and not shape.kv_lora_rank and kv_heads % size and size % kv_heads:
        yield f"{kv_heads} KV heads cannot be divided over {size} GPUs"
    widths = ((width, what) for width, what in _widths(shape, size) if what != _OF_EXPERTS or not whole_experts)
    if shape.quant_method == "fp8":
        yield from _straddling(widths, size)
    elif shape.quant_bits == _FOUR_BITS and shape.quant_group_size:  # experts are padded
        for width, what in widths:
            if what != _OF_EXPERTS and width % (size * shape.quant_group_size):
                yield f"groups of {shape.quant_group_size} do not divide {what} of {width} over {size} GPUs"


def _straddling(widths: Iterable[tuple[int, str]], size: int) -> Iterator[str]:
    for width, what in widths:
        if width % size or (width // size) % _FP8_BLOCK:
            yield f"FP8 blocks of {_FP8_BLOCK} do not divide {what} of {width} over {size} GPUs"


def _heads(shape: Architecture) -> Iterator[tuple[int, str]]:
    if shape.num_attention_heads:
        yield shape.num_attention_heads, "attention heads"
    for key in _STATE_HEADS:
        if isinstance(found := shape.details.get(key), int):
            yield found, "heads of its linear layers"
    if found := shape.sizes.get("state_heads"):
        yield found, "heads of its linear layers"
    if not shape.family.vision_heads_padded and (found := shape.sizes.get("vision_heads")):
        yield found, "heads of its vision tower"


_OF_EXPERTS = "experts' width"


def _widths(shape: Architecture, size: int) -> Iterator[tuple[int, str]]:
    """What is split over the GPUs and is in blocks."""
    heads, head_dim = shape.num_attention_heads or 0, shape.v_head_dim or shape.head_dim or 0
    if heads * head_dim:
        yield heads * head_dim, "an attention output"
    kv_heads = shape.num_key_value_heads or 0
    if kv_heads * head_dim and not shape.kv_lora_rank and shape.quant_method == "fp8":
        yield max(kv_heads, size) * head_dim, "keys and values"
    if not shape.num_experts or shape.first_dense_layers:
        width = shape.sizes.get("dense_mlp") or shape.intermediate_size
        if width:
            yield width, "a width"
    if shape.num_experts:
        expert = shape.moe_intermediate_size or shape.intermediate_size or 0
        shared = shape.shared_expert_intermediate_size or (shape.num_shared_experts or 0) * expert
        yield from (
            (width, what) for width, what in ((expert, _OF_EXPERTS), (shared, "shared expert's width")) if width
        )
