"""Everything known about one model."""

from __future__ import annotations

from modelscan.catalog.index.open import open_index
from modelscan.catalog.naming.identity import resolve
from modelscan.catalog.naming.resolution import Resolution
from modelscan.catalog.sources.hub import model_described, unverified
from modelscan.dataclasses import dataclass, replace
from modelscan.errors import ModelAmbiguous, ModelNotFound, SourceUnavailable
from modelscan.model import Model, Source
from modelscan.selecting.addresses import refuse_impossible
from modelscan.selecting.ask import fitting_first
from modelscan.selecting.context import Context
from modelscan.selecting.judge import judging


@dataclass(frozen=True, kw_only=True, slots=True)
class Described:
    """One model, with the assumptions made in finding it."""

    model: Model
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    notice: str | None = None


def model_info(context: Context, reference: str, *, fits: bool = False) -> Described:
    """The merged entry of one model; for a repo in no catalog, the hub's description.

    Raises ModelNotFound or ModelAmbiguous.
    """
    refuse_impossible(reference)
    index = open_index(context.settings)
    try:
        resolution = resolve(reference, index)
    except ModelAmbiguous as asked:
        raise fitting_first(context, index, asked) from None
    if resolution.model is None:
        model, warnings = _on_hub(context, resolution)
        warnings = (*resolution.warnings, *warnings)
        return Described(model=model, warnings=warnings, notes=resolution.notes, notice=index.warning)
    model = resolution.model
    if fits:
        model = replace(model, fits=judging(context)(model))
    return Described(model=model, warnings=resolution.warnings, notes=resolution.notes, notice=index.warning)


def _on_hub(context: Context, resolution: Resolution) -> tuple[Model, tuple[str, ...]]:
    """A repo as its hub describes it; without the hub only its name, marked as unverified."""
    assert resolution.passthrough_repo is not None  # noqa: S101  the other half of Resolution
    repo, hint = resolution.passthrough_repo, resolution.weights_hint
    named: Source | None = hint.source if hint else None
    sources: tuple[Source, ...] = (named,) if named else ("huggingface", "modelscope")
    missing: ModelNotFound | None = None
    for source in sources:
        try:
            return model_described(context.describer(source).describe(repo, hint.revision if hint else None)), ()
        except ModelNotFound as error:
            missing = missing or error
        except SourceUnavailable as error:
            if missing:
                break
            return unverified(repo, source), (f"`{repo}` is in no catalog and could not be checked: {error.message}",)
    assert missing is not None  # noqa: S101  every other way has left the loop
    raise missing
