"""Models that no catalog knows, from what a hub says of their repo (pure)."""

from __future__ import annotations

from modelscan.catalog.naming import names
from modelscan.catalog.naming.tasks import infer_tags, infer_task
from modelscan.catalog.naming.words import HUGGINGFACE_SEES, HUGGINGFACE_TASKS
from modelscan.hubs.huggingface.search import HubEntry
from modelscan.model import Limits, Modalities, Model, Source, Weights, WeightsDescription
from modelscan.parsing import fields
from modelscan.parsing.text import clean
from modelscan.weights.counting.bytes import parameter_count

NAME = "huggingface"


def model_in_list(entry: HubEntry) -> Model:
    """A repo from the hub's list. Neither its owner nor whether it can be served is checked."""
    repo = clean(entry.repo_id)
    parts = names.words(repo)
    inputs = ("text", "image") if entry.kind in HUGGINGFACE_SEES else ()
    task = HUGGINGFACE_TASKS.get(entry.kind or "") or ("other" if entry.kind else infer_task(parts, (), ()))
    model = unverified(repo, "huggingface")
    return Model(
        id=model.id,
        name=model.name,
        owner=model.owner,
        aliases=model.aliases,
        task=task,
        tags=infer_tags((), parts, task, inputs, reasoning=False, tools=False),
        open_weights=True,
        license=clean(entry.license) if entry.license else None,
        parameters=entry.parameters or names.size_in_name(repo)[0],
        active_parameters=names.size_in_name(repo)[1],
        release_date=fields.date(entry.created_at),
        last_updated=fields.date(entry.updated_at),
        modalities=Modalities(input=inputs),
        weights=(_weights(repo, "huggingface", verified=True),),
        extra={"downloads": entry.downloads} if entry.downloads is not None else {},
        provenance={"weights": NAME},
    )


def model_described(found: WeightsDescription) -> Model:
    """A repo whose files were read."""
    shape = found.architecture
    repo = found.repo_id
    counted = parameter_count(found)
    context = shape.context_limit if shape else None
    stated = {"task": found.task, "license": found.license, "parameters": counted, "limits.context": context}
    return Model(
        id=repo.lower(),
        name=names.split_owner(repo)[1],
        owner=names.split_owner(repo)[0],
        aliases=(repo,) if repo != repo.lower() else (),
        task=found.task or infer_task(names.words(repo), (), ()),
        open_weights=True,
        license=found.license,
        parameters=counted or names.size_in_name(repo)[0],
        active_parameters=names.size_in_name(repo)[1],
        limits=Limits(context=context),
        native_context=context,
        weights=(
            Weights(
                source=found.source,
                repo_id=repo,
                revision=found.commit,
                format=found.format,
                quantization=found.quantization,
                size_bytes=found.size_bytes,
                verified=True,
            ),
        ),
        extra={"gated": found.gated} if found.gated is not None else {},
        provenance={name: found.source for name, value in {**stated, "weights": repo}.items() if value},
    )


def unverified(repo: str, source: Source) -> Model:
    """A repo of which only the name is known, because no hub could be reached."""
    return Model(
        id=repo.lower(),
        name=names.split_owner(repo)[1],
        owner=names.split_owner(repo)[0],
        aliases=(repo,) if repo != repo.lower() else (),
        task=infer_task(names.words(repo), (), ()),
        parameters=names.size_in_name(repo)[0],
        active_parameters=names.size_in_name(repo)[1],
        weights=(_weights(repo, source, verified=False),),
        provenance={"parameters": "name"} if names.size_in_name(repo)[0] else {},
    )


def _weights(repo: str, source: Source, *, verified: bool) -> Weights:
    quantization = names.without_quantization(names.words(repo))[1]
    return Weights(source=source, repo_id=repo, quantization=quantization, verified=verified)
