"""The quantizations that lie side by side in a repo of GGUF files, as choices, the best first."""

from __future__ import annotations

from collections.abc import Iterator

from modelscan.backends.capabilities import Offloads
from modelscan.model import PlanRequest, WeightsDescription
from modelscan.planning.options.quantization import Choice
from modelscan.weights.counting.gguf_bytes import scheme_of

_AFTER = 20  # the ranks of formats that are computed on GPUs alone come before


def forms_of(weights: WeightsDescription, offloads: Offloads, request: PlanRequest) -> Iterator[Choice]:
    """That which the description is of, and those of the others that the backend would be given by itself, or that the
    user asks for.
    """
    own = (weights.quantization or offloads.best_first[0]).upper()
    beside = [form.quantization for form in weights.forms if form.quantization != own]
    wanted = request.quantization
    if weights.tensors is None and not beside and wanted is not None and scheme_of(wanted) is not None:
        own = wanted  # nobody has looked which there are: most repos have all
    for word in (own, *beside):
        place = offloads.best_first.index(word) if word in offloads.best_first else len(offloads.best_first)
        if word != own and place == len(offloads.best_first) and word != request.quantization:
            continue
        yield Choice(
            weights=weights,
            quantization=word,
            dtype="auto",
            rank=_AFTER + place,
            reason=_reason(word, beside),
        )


def _reason(word: str, beside: list[str]) -> str:
    if not beside:
        return f"{word}, the format of the files"
    return f"{word}, of the {len(beside) + 1} quantizations that the repo has"
