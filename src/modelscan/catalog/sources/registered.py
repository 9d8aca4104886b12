"""Registered models as records of the catalog (pure): their names, weights and what they say of a model itself.

How one is run (arguments, memory, context) stays with the registry, where `deploy` asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelscan.catalog.sources import standing
from modelscan.catalog.sources.record import SourceRecord, verbatim
from modelscan.model import HUB_SOURCES, Source, Weights
from modelscan.model.registered import RegisteredModel
from modelscan.parsing import fields
from modelscan.registry.words import TASKS
from modelscan.storage.documents import to_document
from modelscan.weights.address import is_s3

NAME = standing.REGISTERED.name


def record_of(model: RegisteredModel) -> SourceRecord:
    """The record of one model. `weights` are only those that it names itself: no other form is taken for them."""
    return SourceRecord(
        source=NAME,
        key=model.id,
        raw=verbatim(to_document(model)),
        names=(model.id,),
        model_id=model.id.lower(),
        weights=tuple(_weights(model)),
        facts=dict(_facts(model)),
    )


def repo_of(model: RegisteredModel) -> Weights | None:
    """The repo that an id names by itself: `owner/name`, which its hub is asked for."""
    if model.repos or "/" not in model.id or fields.repo(model.id) != model.id:
        return None
    return Weights(source="huggingface", repo_id=model.id, verified=False)


def _weights(model: RegisteredModel) -> Iterator[Weights]:
    sources: tuple[Source, ...] = ("local_path", *HUB_SOURCES)
    for source in sources:
        if (repo := model.repos.get(source)) is not None:
            found: Source = "s3" if source == "local_path" and is_s3(repo) else source
            yield Weights(source=found, repo_id=repo)


def _facts(model: RegisteredModel) -> Iterator[tuple[str, Any]]:
    if model.name.casefold() != model.id.casefold():
        yield "name", model.name
    if model.type is not None:
        yield "task", TASKS[model.type]
    if model.type == "vision":
        yield "tags", ("vision",)
    if model.description:
        yield "description", model.description
    if model.supports_structured_outputs is not None:
        yield "capabilities.structured_output", model.supports_structured_outputs
