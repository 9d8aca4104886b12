"""What a device needs before the first token of KV cache: estimated, or as measured on this machine."""

from __future__ import annotations

import math
from collections.abc import Sequence

from modelscan import dataclasses
from modelscan.backends.base import Steps
from modelscan.backends.capabilities import Estimates
from modelscan.dataclasses import dataclass
from modelscan.model import Candidate
from modelscan.planning.memory.activations import activation_bytes
from modelscan.planning.memory.corrections import Start, correct_weights, measured_rest, measured_weights
from modelscan.planning.memory.drafting import as_run, drafted
from modelscan.planning.memory.overhead import Overhead, gpu_overhead
from modelscan.planning.memory.steps import CPU_STEP_TOKENS
from modelscan.planning.options.budget import Budget
from modelscan.planning.options.layouts import Layout
from modelscan.planning.options.quantization import Choice
from modelscan.planning.options.setting import Setting
from modelscan.units import format_bytes
from modelscan.weights.counting.sizes import Sized, within

_OVERHEAD_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class Fixed:
    """What a device needs before the first token of KV cache; `parts` of the overhead where they were estimated."""

    weights: Sized
    activations: Sized
    overhead: Sized
    steps: Steps
    parts: Overhead | None = None

    @property
    def total(self) -> Sized:
        """The sum. What makes one part larger than estimated does not make the others so: their deviations add as the
        root of their squares.
        """
        overhead = (self.overhead,) if self.parts is None else self.parts.each
        return independent((self.weights, self.activations, *overhead))


def independent(parts: Sequence[Sized]) -> Sized:
    """The sum of parts whose errors are independent of each other."""
    total = sum(part.estimate for part in parts)
    below = math.hypot(*(part.estimate - part.low for part in parts))
    above = math.hypot(*(part.high - part.estimate for part in parts))
    return Sized(max(total - math.ceil(below), 0), total, total + math.ceil(above))


def footprint(
    setting: Setting,
    estimates: Estimates,
    choice: Choice,
    layout: Layout,
    budget: Budget,
    candidate: Candidate,
    weights: Sized,
    sequences: int,
) -> Fixed:
    """For a candidate with so many sequences at once."""
    shape = choice.weights.architecture
    steps = steps_of(setting, estimates, layout, budget, sequences, drafted(setting, shape))
    activations = activation_bytes(
        shape,
        tokens=steps.tokens,
        sequences=steps.sequences,
        tensor_parallel=layout.tensor_parallel,
        whole_experts=layout.expert_parallel,
        wide=choice.dtype == "float32",
        sampling=estimates.sampling_bytes(setting.backend_version, on_gpu=bool(layout.gpus)),
    )
    if not layout.gpus:
        host = estimates.fixed_overhead(setting.device)
        return Fixed(weights, activations, within(host, _OVERHEAD_SHARE), steps)
    overhead = gpu_overhead(
        as_run(setting, shape),
        gpus=len(layout.gpus) if layout.expert_parallel else layout.split,
        stages=layout.pipeline_parallel,
        captured=steps.captured,
        whole=steps.whole,
        gpu=layout.gpus[0],
    )
    estimated = Fixed(weights, activations, overhead.total, steps, overhead)
    known = estimates.share_holds_all and setting.measurements
    several = dataclasses.replace(candidate, max_num_seqs=sequences) if known else candidate
    rest = measured_rest(_start(several, budget), setting.measurements) if known else None
    return estimated if rest is None else _with_rest(estimated, rest)


def steps_of(
    setting: Setting, estimates: Estimates, layout: Layout, budget: Budget, sequences: int, drafts: int = 0
) -> Steps:
    """What the backend computes at once: its defaults for this GPU or what the user fixed, our number of sequences."""
    fixed = setting.step_tokens
    if not layout.gpus:
        return Steps(fixed or CPU_STEP_TOKENS, sequences, 0)
    steps = estimates.steps(
        layout.gpus[0],
        budget.total,
        tensor_parallel=layout.tensor_parallel,
        sequences=sequences,
        tokens=fixed,
        drafted=drafts,
    )
    return dataclasses.replace(steps, captured=0, whole=0) if setting.request.enforce_eager else steps


def with_measured(candidate: Candidate, weights: Sized, setting: Setting, budget: Budget) -> tuple[Candidate, Sized]:
    """The weights as measured on this machine, with that as one of the reasons."""
    start = _start(candidate, budget)
    found = measured_weights(start, setting.measurements) if setting.measurements else None
    if found is None:
        return candidate, weights
    reason = (
        f"measured: {found.backend} {found.backend_version or ''} took {format_bytes(found.weights_bytes)} for these "
        f"weights on {(found.at or 'an earlier day')[:10]}, the estimate was {format_bytes(weights.estimate)}; the "
        "measured figure is used"
    )
    corrected = correct_weights(weights, start, setting.measurements)
    return dataclasses.replace(candidate, reasons=(*candidate.reasons, reason)), corrected


def _start(candidate: Candidate, budget: Budget) -> Start:
    return Start(
        repo_id=candidate.repo_id,
        revision=candidate.revision,
        quantization=candidate.quantization,
        backend=candidate.backend,
        backend_version=candidate.backend_version,
        gpu_name=candidate.gpu_name,
        tensor_parallel=candidate.tensor_parallel,
        pipeline_parallel=candidate.pipeline_parallel,
        max_num_seqs=candidate.max_num_seqs,
        kv_cache_dtype=candidate.kv_cache_dtype,
        enforce_eager=candidate.enforce_eager,
        speculative=candidate.speculative,
        usable_bytes=budget.total,
    )


def _with_rest(fixed: Fixed, rest: Sized) -> Fixed:
    """Activations as estimated; the remainder of the measured rest counts as overhead."""
    working = min(fixed.activations.estimate, rest.low)
    overhead = Sized(rest.low - working, rest.estimate - working, rest.high - working)
    return Fixed(fixed.weights, Sized(working, working, working), overhead, fixed.steps)
