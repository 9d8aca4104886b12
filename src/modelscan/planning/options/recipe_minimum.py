"""The least GPU memory that a recipe names for weights whose own files nobody here has read."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.dataclasses import dataclass
from modelscan.model import Gpu, Spec, WeightsDescription
from modelscan.planning.options.gpu_filters import is_sold_with
from modelscan.units import GIB


@dataclass(frozen=True, slots=True)
class RecipeMinimum:
    """What is `needed` and what is `there`: bytes of all GPUs together."""

    needed: int
    there: int
    reason: str


def recipe_minimum(weights: WeightsDescription, specs: Sequence[Spec]) -> float | None:
    """The least GB, as sellers count them, that a recipe of these weights names; None where their sums are exact."""
    if weights.shape_from is None:
        return None
    figures = [spec.extra.get("vram_minimum_gb") for spec in specs if _same(spec, weights)]
    return min((float(figure) for figure in figures if isinstance(figure, int | float)), default=None)


def below_minimum(weights: WeightsDescription, specs: Sequence[Spec], gpus: Sequence[Gpu]) -> RecipeMinimum | None:
    """Why all these GPUs together are too small for what a recipe names; None where they are not."""
    least, there = recipe_minimum(weights, specs), sum(gpu.memory_total_bytes or 0 for gpu in gpus)
    unknown = not gpus or any(gpu.memory_total_bytes is None for gpu in gpus)
    if least is None or unknown or is_sold_with(there, least):
        return None
    source = next(spec.source for spec in specs if _same(spec, weights))
    what = f"{source} names at least {least:g} GB of GPU memory for `{weights.repo_id}`"
    return RecipeMinimum(int(least * GIB), there, f"{what}, and there are {there / GIB:.0f} GB")


def _same(spec: Spec, weights: WeightsDescription) -> bool:
    return (spec.repo_id or "").lower() == weights.repo_id.lower()
