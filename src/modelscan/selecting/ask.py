"""The question in answer to a family's name: its members, those that fit this machine first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from modelscan.catalog.index.index import Index
from modelscan.errors import ModelAmbiguous, ModelscanError
from modelscan.model import Fits, Model
from modelscan.selecting.context import Context
from modelscan.selecting.judge import UNJUDGED, judging
from modelscan.storage.documents import to_document
from modelscan.units import format_count

_SHOWN = 12
_PLANNED = 5 * _SHOWN  # the best known ones; planning one takes about 5 ms (51 members of Qwen3: 165 ms)


def fitting_first(
    context: Context, index: Index, asked: ModelAmbiguous, described_hardware: str | None = None
) -> ModelAmbiguous:
    """The same question with the members in the order in which they are of use here.

    A member fits where a plan with nothing asked for finds room in what is free now. Where the machine cannot be
    read the question stays as it is.
    """
    ids = cast("list[str]", asked.details["candidates"])
    models = [model for model_id in ids[:_PLANNED] if (model := index.get(model_id))]
    try:
        found = _fits(context, models, described_hardware)
    except ModelscanError:
        return asked
    judged = [model for model in models if found[model.id].reason not in UNJUDGED]
    fits = {model_id: item for model_id, item in found.items() if item.feasible}
    is_ordered = asked.details.get("is_ordered")  # as the name asks for: `latest`, `biggest`
    ordered = models if is_ordered else sorted(models, key=lambda model: model.id not in fits)  # stable
    candidates = [*(model.id for model in ordered), *ids[_PLANNED:]]
    place = "the described machine" if described_hardware is not None else "this machine as it is now"
    answer = f"; {_counted(len(fits), len(judged), len(ids))} {place}" if judged else ""
    query = asked.details["query"]
    searched = [] if described_hardware is not None else [f"modelscan catalog search '{query}' --fits"]
    return ModelAmbiguous(
        f"{asked.message}{answer}",
        cause=[_line(model, fits.get(model.id)) for model in ordered[:_SHOWN]],
        hints=[f"choose one, for example: modelscan plan {candidates[0]}", *(searched or asked.hints[1:])],
        details={**asked.details, "candidates": candidates, "fits": {key: to_document(fits[key]) for key in fits}},
    )


def _fits(context: Context, models: list[Model], described_hardware: str | None) -> Mapping[str, Fits]:
    judge = judging(context, described_hardware)
    return {model.id: judge(model) for model in models}


def _counted(fitting: int, judged: int, members: int) -> str:
    """How many fit, of those that could be judged."""
    which = "of them" if judged == members else f"of the {judged} that could be judged"
    return f"{fitting or 'none'} {which} fit{'s' if fitting in {0, 1} else ''}"


def _line(model: Model, fits: Fits | None) -> str:
    size = f" ({format_count(model.parameters)})" if model.parameters else ""
    how = f", fits in {fits.quantization}" if fits and fits.quantization else ", fits" if fits else ""
    return f"it could be {model.id}{size}{how}"
