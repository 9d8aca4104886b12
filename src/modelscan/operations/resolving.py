"""From a name to weights: which model is meant, and what is known of each of its weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from modelscan.catalog.index.open import open_index
from modelscan.catalog.naming.asked import WeightsHint
from modelscan.catalog.naming.identity import resolve
from modelscan.errors import ModelAmbiguous, ModelNotFound, Usage
from modelscan.hubs.folder.describe import describe_folder
from modelscan.model import HUB_SOURCES, Architecture, Model, PlanRequest, Source, Weights, WeightsDescription
from modelscan.operations.context import Context
from modelscan.storage.shipped import shipped_text
from modelscan.weights.address import is_s3, parse_s3
from modelscan.weights.reading.shipped import describe_shipped, quantized_forms


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """`model` is None for a folder, a place in S3 or a repo that no catalog knows; `options` are the weights, best
    first.

    `quantization` is one that the name itself asked for, as in `…-AWQ`.
    """

    reference: str
    model_id: str
    model: Model | None
    options: tuple[WeightsDescription, ...]
    quantization: str | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def asked_for(self) -> str:
        """What the same request is told by: of a place the whole of it, as others may end alike; else the id."""
        place = self.options[0] if self.model is None and self.options else None
        if place is None or place.source in HUB_SOURCES:
            return self.model_id
        return place.location if place.source == "s3" else str(Path(place.location).resolve())


def resolve_request(context: Context, request: PlanRequest, described_hardware: str | None = None) -> Resolved:
    """Which weights a request means: all of its model, or the one repo that it fixes. Raises as `resolve_model`."""
    if request.repo_id is None:
        return resolve_model(context, request.model, request.source, request.revision, described_hardware)
    hub = request.source if request.source in HUB_SOURCES else None
    resolved = resolve_model(context, request.model, hub, request.revision)
    fixed = request.repo_id.casefold()
    options = tuple(item for item in resolved.options if item.repo_id.casefold() == fixed)
    if not options:  # weights of the user's own, run as that model
        options = resolve_model(context, request.repo_id, request.source, request.revision).options
    return replace(resolved, options=options)


def resolve_model(
    context: Context,
    reference: str,
    source: Source | None = None,
    revision: str | None = None,
    described_hardware: str | None = None,
) -> Resolved:
    """Which weights a name means.

    What looks like a path is a folder, `s3://…` a place in S3. Anything else is a catalog's, then a folder of that
    name, then a repo. Of a family's members those are listed first that fit this machine, or the one described.
    Raises ModelNotFound, ModelAmbiguous, SourceUnavailable.
    """
    if is_s3(reference):
        return _prefix(context, reference, source, revision)
    folder = Path(reference).expanduser()
    if reference.startswith(("/", "./", "../", "~")) or source == "local_path":
        return _folder(reference, folder)
    index = open_index(context.settings)
    try:
        resolution = resolve(reference, index)
    except ModelNotFound:
        if (folder / "config.json").is_file():
            return _folder(reference, folder)
        raise
    except ModelAmbiguous as asked:
        from modelscan.operations.asking import fitting_first

        raise fitting_first(context, index, asked, described_hardware) from None
    notices = (*((index.notice,) if index.notice else ()), *resolution.warnings)
    if resolution.model is None:
        assert resolution.passthrough_repo is not None  # noqa: S101  the other half of Resolution
        weights = Weights(source=source or "huggingface", repo_id=resolution.passthrough_repo, verified=False)
        options = _describe_all(context, (weights,), revision)
        return Resolved(
            reference=reference, model_id=resolution.passthrough_repo.lower(), model=None, options=options,
            warnings=notices, notes=resolution.notes,
        )  # fmt: skip
    model, hint = resolution.model, resolution.weights_hint or WeightsHint()
    revision = revision or hint.revision
    options = _describe_all(context, _meant(model, hint, source, revision), revision, model.weights)
    return Resolved(
        reference=reference,
        model_id=model.id,
        model=model,
        options=options,
        quantization=hint.quantization,
        warnings=notices,
        notes=resolution.notes,
    )


def resolved_here(context: Context, model: Model) -> Resolved:
    """As much of a catalog's model as is known without asking a hub."""
    meant = _meant(model, WeightsHint(), None, None)
    options = _alike(tuple(_describe_here(context, item, None, model.weights) for item in meant))
    return Resolved(reference=model.id, model_id=model.id, model=model, options=options)


def canonical_id(context: Context, reference: str) -> str | None:
    """The id of the model that the catalog knows under this name; None where it knows none, or several."""
    try:
        resolution = resolve(reference, open_index(context.settings))
    except (ModelNotFound, ModelAmbiguous):
        return None
    return resolution.model.id if resolution.model else None


def _meant(model: Model, hint: WeightsHint, source: Source | None, revision: str | None) -> tuple[Weights, ...]:
    """The weights that the name allows: one repo where it named a quantized one, else all on the wanted hub.

    The repo of the release names the model, whose quantized repos are then a choice; its revision names files.
    """
    wanted = source or hint.source
    release = model.weights[0].repo_id.lower() if model.weights else None
    if hint.repo_id is not None and (revision is not None or hint.repo_id.lower() != release):
        named = tuple(item for item in model.weights if item.repo_id.lower() == hint.repo_id.lower())
        there = tuple(item for item in named if item.source == (wanted or named[0].source))
        return there or _elsewhere(model, named, wanted) or (_unknown(hint, wanted),)
    # The same files on another hub would only be weighed twice: the first source counts unless one was asked for.
    hub = wanted or (model.weights[0].source if model.weights else None)
    chosen = tuple(item for item in model.weights if item.source == hub) or _elsewhere(model, model.weights, wanted)
    if model.weights and not chosen:
        raise ModelNotFound(
            f"`{model.id}` has no weights on {wanted}",
            cause=[f"known: {', '.join(sorted({item.source for item in model.weights}))}"],
            hints=[f"modelscan catalog info {model.id}"],
        )
    return (*chosen, *_by_the_same_hand(chosen))


def _by_the_same_hand(chosen: tuple[Weights, ...]) -> tuple[Weights, ...]:
    """Quantized repos that the owner of official weights made of them, and whose shape ships."""
    named = {item.repo_id.lower() for item in chosen}
    release = next((item for item in chosen if item.official and item.source == "huggingface"), None)
    if release is None:
        return ()
    forms = quantized_forms(release.repo_id, shipped_text("architectures.json"))
    return tuple(
        Weights(source=release.source, repo_id=name, official=True) for name in forms if name.lower() not in named
    )


def _elsewhere(model: Model, named: tuple[Weights, ...], wanted: Source | None) -> tuple[Weights, ...]:
    """The same weights on the hub that was asked for: what the catalogs know there in these quantizations, else the
    same names, which owners mostly keep from hub to hub. Whether they are there shows when the hub is asked.
    """
    if wanted not in HUB_SOURCES:
        return ()
    quantizations = {item.quantization for item in named}
    known = tuple(item for item in model.weights if item.source == wanted and item.quantization in quantizations)
    hubs = (item for item in named if item.source in HUB_SOURCES)
    return known or tuple(replace(item, source=wanted, official=None, verified=False) for item in hubs)


def _unknown(hint: WeightsHint, wanted: Source | None) -> Weights:
    return Weights(source=wanted or "huggingface", repo_id=str(hint.repo_id), quantization=hint.quantization)


def _prefix(context: Context, reference: str, source: Source | None, revision: str | None) -> Resolved:
    address = parse_s3(reference)
    if source in HUB_SOURCES:
        raise Usage(f"`{address}` is not on {source}", hints=["leave --source out", "or name the repo there"])
    description = context.hub("s3").describe(str(address), revision)
    return Resolved(reference=reference, model_id=address.name, model=None, options=(description,))


def _folder(reference: str, folder: Path) -> Resolved:
    description = describe_folder(folder)
    return Resolved(reference=reference, model_id=folder.resolve().name, model=None, options=(description,))


def _describe_all(
    context: Context, weights: tuple[Weights, ...], revision: str | None, known_weights: tuple[Weights, ...] = ()
) -> tuple[WeightsDescription, ...]:
    """What is known of each, from this machine and from what ships; only if that is nothing, from the hub."""
    known = _alike(tuple(_describe_here(context, item, revision, known_weights) for item in weights))
    if not weights or any(item.architecture is not None for item in known):
        return known
    return (_describe_on_hub(context, weights[0], revision), *known[1:])


def _alike(known: tuple[WeightsDescription, ...]) -> tuple[WeightsDescription, ...]:
    """With the first shape that is known for those that none is known of: they are forms of one model."""
    shape = next((item.architecture for item in known if item.architecture is not None), None)
    if shape is None:
        return known
    return tuple(item if item.architecture else _shaped_like(item, shape) for item in known)


def _shaped_like(item: WeightsDescription, shape: Architecture) -> WeightsDescription:
    """A quantized form has the shape of what it was made of; how it was quantized in detail stays unknown."""
    method = (item.format or "").lower() or None
    bare = replace(shape, quant_method=method, quant_bits=None, quant_group_size=None, unquantized_modules=())
    return replace(item, architecture=bare, verified=False) if item.quantization else item


def _describe_here(
    context: Context, weights: Weights, revision: str | None, known_weights: tuple[Weights, ...]
) -> WeightsDescription:
    description = _look_here(context, weights, revision, known_weights)
    return replace(
        description,
        quantization=description.quantization or weights.quantization,
        format=description.format or weights.format,
        official=weights.official,
        verified=weights.verified,
    )


def _look_here(
    context: Context, weights: Weights, revision: str | None, known_weights: tuple[Weights, ...]
) -> WeightsDescription:
    wanted = revision or weights.revision
    here = context.hub(weights.source).describe_here(weights.repo_id, wanted)
    if here is not None:
        return here
    if revision in {None, "main"}:  # what ships describes the newest there was
        for name in (weights.repo_id, *_same_files(weights, known_weights)):
            shipped_shape = describe_shipped(name, weights.source, shipped_text("architectures.json"))
            if shipped_shape is not None:
                return replace(shipped_shape, repo_id=weights.repo_id, location=weights.repo_id)
    return WeightsDescription(
        source=weights.source,
        repo_id=weights.repo_id,
        location=weights.repo_id,
        revision=wanted,
        size_bytes=weights.size_bytes,
    )


def _same_files(weights: Weights, known_weights: tuple[Weights, ...]) -> tuple[str, ...]:
    """The repo of these files on another hub, where their owner has another name there (`LLM-Research` for
    `meta-llama`): the release, or the only official one in this quantization.
    """
    others = tuple(
        item.repo_id
        for item in known_weights
        if item.official and item.source in HUB_SOURCES and item.source != weights.source
        if weights.quantization in {None, item.quantization}
    )
    clear = weights.official and (weights.quantization is None or len(others) == 1)
    return others[:1] if clear else ()


def _describe_on_hub(context: Context, weights: Weights, revision: str | None) -> WeightsDescription:
    found = context.hub(weights.source).describe(weights.repo_id, revision or weights.revision)
    return replace(found, official=weights.official, verified=weights.verified)
