"""Each choice of a plan with its reason, in a sentence: `topic: why`."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.backends.capabilities import Pool
from modelscan.backends.registry import BACKENDS
from modelscan.model import Architecture, Candidate, PlanRequest, WeightsDescription
from modelscan.planning.options.budget import DEFAULT_UTILIZATION, Budget
from modelscan.planning.options.concurrency import POOLING, stated
from modelscan.planning.options.context import CPU_LONGEST, model_limit
from modelscan.planning.options.eligibility import serves_shape
from modelscan.planning.options.layouts import Layout, copied
from modelscan.planning.options.quantization import Choice
from modelscan.planning.options.setting import Setting
from modelscan.units import format_bytes, format_tokens

_STEP_FRACTION = 4  # what a smaller step would be of the one that is planned


def reasons_of(
    setting: Setting, choice: Choice, layout: Layout, base: Candidate, at_least: float | None, budget: Budget
) -> tuple[str, ...]:
    request, limit = setting.request, model_limit(choice.weights.architecture)
    sequences = base.max_num_seqs or 0
    reasons = [f"quantization: {choice.reason}"]
    reasons.append(f"backend: {setting.backend_reason}")
    reasons += _answers(setting, choice.weights)
    if layout.gpus:
        reasons += _spread(layout, choice.weights.architecture, setting)
    elif setting.estimates is not None:
        reasons.append("start: eager, because compiling graphs on a CPU takes longer than it saves")
    reasons.append(_context(setting, base, limit, at_least, on_gpu=bool(layout.gpus)))
    if base.kv_cache_dtype is not None and request.kv_cache_dtype is None:
        reasons.append(f"KV cache: {base.kv_cache_dtype}, because a 16-bit cache would hold too little")
    if request.max_concurrency is None and layout.gpus and sequences:
        reasons += _concurrency(sequences, base, setting)
    reasons += _of_strangers(choice.weights, request)
    reasons += _memory(setting, budget)
    return tuple(reasons)


def _answers(setting: Setting, weights: WeightsDescription) -> list[str]:
    """What of the answers of OpenAI's API for this task the backend does not give, and which does."""
    if (lacking := BACKENDS[setting.backend].runs.leaves_out.get(setting.task)) is None:
        return []
    backends = (item for item in BACKENDS.values() if setting.task in item.runs.complete)
    other = next((item for item in backends if serves_shape(item, weights)), None)
    way = "" if other is None else f"; with them: --backend {other.name}"
    return [f"answers: without {lacking}{way}"]


def _concurrency(sequences: int, base: Candidate, setting: Setting) -> list[str]:
    """Why so many requests at once, where that is not what the mode stands for."""
    usual = stated(setting.request.mode, setting.task)
    if any(reason.startswith("concurrency: ") for reason in base.reasons) or setting.task in POOLING:
        return []
    if sequences < usual:
        plural = "s" if sequences > 1 else ""
        return [f"concurrency: {sequences} request{plural} at once, so that sampling takes less memory"]
    if setting.request.mode in {None, "standard"}:
        return [f"concurrency: {sequences} requests at once; for more: --max-concurrency N, or --mode throughput"]
    return []


def smaller_step(
    setting: Setting, cache: Pool | None, length: int, in_flight: int, *, limit: int | None
) -> tuple[str, ...]:
    """Where most of a request's KV cache is for tokens in flight, and not for its context: what makes it less."""
    name = BACKENDS[setting.backend].runs.step_argument
    if cache is None or name is None or setting.step_tokens is not None or length == limit:
        return ()
    whole, less = cache.request_bytes(length, in_flight), cache.request_bytes(length, in_flight // _STEP_FRACTION)
    if less * 2 > whole:
        return ()
    fewer = f"{format_bytes(less)} with --backend-arg={name}={in_flight // (2 * _STEP_FRACTION)}"
    return (f"step: a request takes {format_bytes(whole)} of the KV cache, mostly for tokens in flight; {fewer}",)


def _context(setting: Setting, base: Candidate, limit: int | None, at_least: float | None, *, on_gpu: bool) -> str:
    """Why the context is as long as it is; `at_least` are the requests that the low bound of the KV cache holds."""
    length = base.max_model_len
    if length is None:
        return f"context: chosen by {setting.backend}, which manages its own memory"
    asked = setting.request.context_length
    if isinstance(asked, int):
        return f"context: {format_tokens(length)}, as asked"
    if length == limit:
        return f"context: {format_tokens(length)}, the model's limit"
    if not on_gpu and length == CPU_LONGEST:
        return f"context: {format_tokens(length)}, because a CPU takes minutes to read more"
    bound = f" of the model's {format_tokens(limit)}" if limit else ""
    if asked == "max":
        return f"context: {format_tokens(length)}{bound}, the longest that works"
    enough = "two requests" if at_least is None or at_least >= 2 else "one request"  # noqa: PLR2004
    return f"context: {format_tokens(length)}{bound}, with room for {enough}"


def _spread(layout: Layout, shape: Architecture | None, setting: Setting) -> list[str]:
    """Why the model is spread over these GPUs this way."""
    reasons = [f"parallelism: {_copied(layout) if layout.data_parallel > 1 else _held(layout, shape, setting)}"]
    if layout.apart and layout.tensor_parallel > 1:
        reasons.append(
            "links: these GPUs cannot read each other's memory, so --disable-custom-all-reduce is set; if a start "
            f"hangs: --env NCCL_P2P_DISABLE=1; a pipeline exchanges less data: --pipeline-parallel {layout.split}"
        )
    return reasons


def _memory(setting: Setting, budget: Budget) -> list[str]:
    """The share of a GPU, or what is set aside for a backend without estimates."""
    request = setting.request
    if setting.estimates is None:
        given = request.max_memory_bytes
        if given is not None:
            return [f"memory: {format_bytes(given)}, as asked; {setting.backend} manages its own memory"]
        counted = "only its weights are counted"
        if setting.occupies is not None:
            counted = "its weights, its process and one request are counted"
        only = f"memory: {setting.backend} manages its own memory, so {counted}"
        return [f"{only}; to set more aside: --max-memory SIZE"]
    if budget.utilization is None:
        return []
    how = "as asked" if request.gpu_memory_utilization is not None else "from the memory that is free now"
    if request.gpu_memory_utilization is None and budget.utilization > DEFAULT_UTILIZATION:
        how = "nearly all that is free, because less would hold too little"
    if budget.spare:
        how = f"as much as its requests can use; {format_bytes(budget.spare)} more stays free"
    return [f"memory: {budget.utilization:.2f} of the GPU, {how}"]


def _asked_for(request: PlanRequest) -> int:
    """How many GPUs the user fixed; 0 where the plan takes what it needs."""
    return request.gpu_count or len(request.gpus)


def _held(layout: Layout, shape: Architecture | None, setting: Setting) -> str:
    request = setting.request
    if layout.split == 1:
        how = "one GPU is enough"
    elif layout.stages:
        sizes = ", ".join(map(str, layout.stages))
        given = BACKENDS[setting.backend].runs.stage_variable in request.env
        how = f"a pipeline of {sizes} layers, {'as asked' if given else 'by the memory of each GPU'}"
    elif request.tensor_parallel or request.pipeline_parallel or _asked_for(request) == layout.split:
        how = f"{layout.split} GPUs, as asked"
    elif layout.apart and layout.tensor_parallel == 1 and request.mode == "throughput":
        how = f"a pipeline over {layout.split} GPUs, which exchanges the least data without peer-to-peer access"
    elif layout.pipeline_parallel > 1:
        how = (
            f"{layout.tensor_parallel} x {layout.pipeline_parallel}, the fewest GPUs that hold it and divide its heads"
        )
    elif layout.faster:
        how = f"{layout.split} GPUs, to answer one request faster"
    elif request.mode == "throughput" and not copied(shape):
        how = f"{layout.split} GPUs, to leave room for more concurrent requests"
    else:
        how = f"{layout.split} GPUs, the fewest that hold it"
    if layout.expert_parallel:
        switch = BACKENDS[setting.backend].runs.whole_experts
        asked = switch is not None and setting.argument(switch) is not None
        why = "as asked" if asked else f"because their width is not divisible by {layout.tensor_parallel}"
        how += f"; each GPU holds whole experts, {why}"
    if layout.idle >= layout.split and request.gpu_count is None and request.mode in {None, "standard"}:
        how += f"; {layout.idle} more could run copies: --mode throughput"
    return how


def _copied(layout: Layout) -> str:
    """For throughput; the copies share the experts of a mixture."""
    what = "copies of all but the experts" if layout.expert_parallel else "copies"
    over = "one GPU" if layout.split == 1 else f"{layout.split} GPUs"
    if layout.split > 1 and layout.apart and layout.tensor_parallel == 1:
        over = f"a pipeline of {over}, which exchanges the least data between GPUs without peer-to-peer access"
    how = f"{layout.data_parallel} {what}, each over {over}, for throughput: KV cache and concurrency are those of each"
    if layout.expert_parallel:
        how += f"; the experts are distributed over all {layout.experts_over} GPUs"
        how += (
            f"; {layout.idle} stay idle, because the experts cannot be distributed evenly over more"
            if layout.idle
            else ""
        )
    return how


def code_left_out(dropped: Sequence[str], weights: WeightsDescription, request: PlanRequest) -> tuple[str, ...]:
    """Where a catalog starts a model with its repo's code, which is left out: that it may be needed, and the option."""
    named = [item for item in dropped if item.startswith("--trust-remote-code ")]
    if not named or request.trust_remote_code or weights.code_files:  # those files are said already
        return ()
    source = named[0].partition("(")[2].partition(")")[0]
    return (f"remote code: {source} starts it with --trust-remote-code, which is left out: add it to allow that",)


def _of_strangers(weights: WeightsDescription, request: PlanRequest) -> list[str]:
    """Files of the repo that could run code, and do not without the user's consent."""
    reasons = []
    if weights.code_files and not request.trust_remote_code:
        reasons.append("remote code: the repo contains Python files, which do not run without --trust-remote-code")
    if weights.only_pickles and not request.allow_pickle:
        reasons.append("pickles: loading these weights can run code in them, so `deploy` requires --allow-pickle")
    return reasons
