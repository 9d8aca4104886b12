"""What is known about weights without asking a hub."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from functools import cache

from modelscan.catalog.naming.asked import WeightsHint
from modelscan.catalog.naming.names import words
from modelscan.dataclasses import replace
from modelscan.errors import ModelNotFound
from modelscan.hubs.families import shipped_families
from modelscan.model import HUB_SOURCES, Model, Source, Weights, WeightsDescription
from modelscan.planning.options.quantization import UNQUANTIZED, own_quantization
from modelscan.selecting.context import Context
from modelscan.selecting.resolved import Resolved
from modelscan.storage.shipped import shipped_text
from modelscan.weights.reading.makers import MAKERS, as_made, read_makers
from modelscan.weights.reading.selection import CTRANSLATE2
from modelscan.weights.reading.shipped import describe_shipped, quantized_forms

_METHODS = ("awq", "gptq", "gguf", "autoround", "w8a16", "w8a8")  # as names of repos say them
_OF_ITS_FORM = frozenset({"quant_zeros", "quant_inputs"})  # details of a shape that another form of it has not


def resolve_offline(context: Context, model: Model, source: Source | None = None) -> Resolved:
    """A catalog model with what is known about its weights, on the hub that was asked for, without asking it."""
    items = selected_weights(model, WeightsHint(), source, None)
    options = with_shared_shape(tuple(describe_here(context, item, None, model.weights) for item in items))
    return Resolved(reference=model.id, model_id=model.id, model=model, options=options)


def selected_weights(
    model: Model, hint: WeightsHint, source: Source | None, revision: str | None
) -> tuple[Weights, ...]:
    """The weights that a reference selects: one repo where it names a quantized one, else all on the wanted hub.

    The release repo stands for the model, so its quantized repos are candidates too, unless a revision is given.
    """
    wanted = source or hint.source
    release = model.weights[0].repo_id.lower() if model.weights else None
    if hint.repo_id is not None and (revision is not None or hint.repo_id.lower() != release):
        named = tuple(item for item in model.weights if item.repo_id.lower() == hint.repo_id.lower())
        there = tuple(item for item in named if item.source == (wanted or named[0].source))
        return there or _elsewhere(model, named, wanted) or (_unknown(hint, wanted),)
    # The same files on another hub would only be judged twice: the first source counts unless the user named one.
    hub = wanted or (model.weights[0].source if model.weights else None)
    chosen = tuple(item for item in model.weights if item.source == hub) or _elsewhere(model, model.weights, wanted)
    if model.weights and not chosen:
        raise ModelNotFound(
            f"`{model.id}` has no weights on {wanted}",
            cause=[f"known: {', '.join(sorted({item.source for item in model.weights}))}"],
            hints=[f"modelscan catalog info {model.id}"],
        )
    return (*chosen, *_quantized_by_the_owner(chosen), *_in_ctranslate2(chosen))


def _in_ctranslate2(chosen: tuple[Weights, ...]) -> tuple[Weights, ...]:
    """Others' conversions of the official weights, for machines without a GPU."""
    releases = {item.repo_id for item in chosen if item.official and item.source == "huggingface"}
    return tuple(
        Weights(
            source="huggingface",
            repo_id=row["repo"],
            format=CTRANSLATE2,
            quantization=row["quantization"],
            official=False,
            verified=False,
        )
        for row in _conversions().values()
        if row["of"] in releases
    )


@cache
def _conversions() -> Mapping[str, Mapping[str, str]]:
    """`catalogs/ctranslate2_weights.csv` by repo."""
    rows = csv.DictReader(io.StringIO(shipped_text("ctranslate2_weights.csv")))
    return {row["repo"].casefold(): row for row in rows}


def _quantized_by_the_owner(chosen: tuple[Weights, ...]) -> tuple[Weights, ...]:
    """Quantized repos by the owner of the official weights, with a shape that ships with the program."""
    named = {item.repo_id.lower() for item in chosen}
    release = next((item for item in chosen if item.official and item.source == "huggingface"), None)
    if release is None:
        return ()
    forms = quantized_forms(release.repo_id, shipped_text("architectures.json"))
    return tuple(
        Weights(source=release.source, repo_id=name, official=True) for name in forms if name.lower() not in named
    )


def _elsewhere(model: Model, named: tuple[Weights, ...], wanted: Source | None) -> tuple[Weights, ...]:
    """The same weights on the requested hub: what catalogs know there in these quantizations, else repos of the same
    name, as most owners keep it on every hub. Only asking the hub shows whether they exist.
    """
    if wanted not in HUB_SOURCES:
        return ()
    quantizations = {item.quantization for item in named}
    known = tuple(item for item in model.weights if item.source == wanted and item.quantization in quantizations)
    hubs = (item for item in named if item.source in HUB_SOURCES)
    return known or tuple(replace(item, source=wanted, official=None, verified=False) for item in hubs)


def _unknown(hint: WeightsHint, wanted: Source | None) -> Weights:
    return Weights(source=wanted or "huggingface", repo_id=str(hint.repo_id), quantization=hint.quantization)


def with_shared_shape(known: tuple[WeightsDescription, ...]) -> tuple[WeightsDescription, ...]:
    """Fills in a known shape where none is known: they are forms of one model."""
    return tuple(item if item.architecture else borrowed_shape(item, known) for item in known)


def borrowed_shape(item: WeightsDescription, known: Iterable[WeightsDescription]) -> WeightsDescription:
    """A quantized form with the shape of another form of the model, unquantized if there is one.

    How it was quantized in detail is known where its maker does it alike. A count of parameters holds for the form it
    was counted in: that of quantized files has packed numbers and scales in it, and is not passed on.
    """
    shaped = [other for other in known if other.architecture is not None]
    lender = min(shaped, key=lambda other: own_quantization(other) not in UNQUANTIZED, default=None)
    if lender is None or lender.architecture is None or not item.quantization:
        return item
    shape = replace(
        lender.architecture,
        quant_method=(item.format or "").lower() or None,
        quant_bits=None,
        quant_group_size=None,
        unquantized_modules=(),
        details={key: value for key, value in lender.architecture.details.items() if key not in _OF_ITS_FORM},
        total_parameters=lender.architecture.total_parameters if own_quantization(lender) in UNQUANTIZED else None,
    )
    lent = replace(item, architecture=shape, shape_from=lender.repo_id, verified=False)
    return as_made(lent, read_makers(shipped_text(MAKERS)))


def describe_here(
    context: Context, weights: Weights, revision: str | None, known_weights: tuple[Weights, ...]
) -> WeightsDescription:
    description = _look_here(context, weights, revision, known_weights)
    return replace(
        description,
        quantization=description.quantization or weights.quantization,
        format=description.format or weights.format or _stored_by_name(weights.repo_id),
        official=weights.official,
        verified=weights.verified,
    )


def _stored_by_name(repo_id: str) -> str | None:
    """The method, where the name of a repo says it: `…-GPTQ-Int8` says how as well as in how many bits."""
    name_words = words(repo_id)
    return next((method for method in _METHODS if method in name_words), None)


def _look_here(
    context: Context, weights: Weights, revision: str | None, known_weights: tuple[Weights, ...]
) -> WeightsDescription:
    wanted = revision or weights.revision
    here = context.describer(weights.source).describe_here(weights.repo_id, wanted)
    if here is not None:
        return here
    if revision in {None, "main"}:  # shipped shapes describe the default branch
        for name in (weights.repo_id, *_same_files(weights, known_weights)):
            shipped_shape = describe_shipped(
                name, weights.source, shipped_text("architectures.json"), shipped_families()
            )
            if shipped_shape is not None:
                return replace(shipped_shape, repo_id=weights.repo_id, location=weights.repo_id)
        if (row := _conversions().get(weights.repo_id.casefold())) is not None and weights.source == "huggingface":
            return _converted(row, weights)
    return WeightsDescription(
        source=weights.source,
        repo_id=weights.repo_id,
        location=weights.repo_id,
        revision=wanted,
        size_bytes=weights.size_bytes,
    )


def _converted(row: Mapping[str, str], weights: Weights) -> WeightsDescription:
    """With the shape of what it was converted from."""
    of = describe_shipped(row["of"], weights.source, shipped_text("architectures.json"), shipped_families())
    known = WeightsDescription(
        source=weights.source,
        repo_id=weights.repo_id,
        location=weights.repo_id,
        quantization=row["quantization"],
        format=CTRANSLATE2,
    )
    return known if of is None else replace(borrowed_shape(known, (of,)), task=of.task)


def _same_files(weights: Weights, known_weights: tuple[Weights, ...]) -> tuple[str, ...]:
    """The repo of these files on another hub, where the owner has another name (`LLM-Research` for `meta-llama`): the
    release, or the only official one in this quantization.
    """
    others = tuple(
        item.repo_id
        for item in known_weights
        if item.official and item.source in HUB_SOURCES and item.source != weights.source
        if weights.quantization in {None, item.quantization}
    )
    clear = weights.official and (weights.quantization is None or len(others) == 1)
    return others[:1] if clear else ()
