"""A registered model as the index has it: over the catalog's model of its id, or as one of its own, which a quantized
form of a model is too that the catalog has among its weights.

One of its own is found by its id alone, in any spelling: what other names mean stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from modelscan import dataclasses
from modelscan.catalog.index.index import Index
from modelscan.catalog.merging.merge import Merged
from modelscan.catalog.naming.identity import resolve
from modelscan.catalog.naming.lookup import REGISTERED
from modelscan.catalog.sources.record import SourceRecord
from modelscan.catalog.sources.registered import NAME, record_of, repo_of
from modelscan.errors import ModelAmbiguous, ModelNotFound
from modelscan.model import Model, Weights
from modelscan.model.registered import RegisteredModel


def registered_over(index: Index, laid: Mapping[str, Merged], registered: RegisteredModel) -> Merged:
    """`laid` are the models over the index so far, by id."""
    record = record_of(registered)
    name = registered.id.casefold()
    found = {item.kind: item.model for item in index.named(name)}
    own_id = name if name in laid else found.get("id") or found.get("repo")
    own = _known(index, laid, own_id)
    forms = () if own is None else _named_form(own, name)
    if own is not None and not forms:
        base = laid.get(own.id)
        lab, parts, keys = (base.lab, base.parts, base.keys) if base is not None else index.keys(own.id)
        return Merged(_changed(own, record), (record,), lab, parts, keys, None)
    if own is not None:
        alike: Model | None = dataclasses.replace(own, weights=forms)
    else:
        alike = _of_a_repo(index, laid, record.weights) if record.weights else _meant(index, registered.id)
    model = _changed(alike or Model(id="", name=""), record)
    weights = model.weights or tuple(filter(None, (repo_of(registered),)))
    model = dataclasses.replace(
        model,
        id=name,
        name=registered.name,
        aliases=(),
        providers=(),
        open_weights=True if weights else None,
        weights=weights,
        provenance={**model.provenance, "id": REGISTERED},
    )
    return Merged(model, (record,), None, (), frozenset(), None)


def _known(index: Index, laid: Mapping[str, Merged], model_id: str | None) -> Model | None:
    if model_id is None:
        return None
    return laid[model_id].model if model_id in laid else index.get(model_id)


def _named_form(model: Model, repo: str) -> tuple[Weights, ...]:
    """Its weights by the name of a repo that holds it in another quantization than the release, on every hub."""
    named = tuple(item for item in model.weights if item.repo_id.casefold() == repo)
    return named if named and named[0].quantization != model.weights[0].quantization else ()


def _meant(index: Index, name: str) -> Model | None:
    """The model with weights that the catalog takes the id for, where it takes it for one."""
    try:
        found = resolve(name, index).model
    except (ModelNotFound, ModelAmbiguous):
        return None
    return found if found is not None and found.weights else None


def _of_a_repo(index: Index, laid: Mapping[str, Merged], weights: tuple[Weights, ...]) -> Model | None:
    """The model whose weights an entry names under an id of its own."""
    for item in weights:
        for named in index.named(item.repo_id.casefold()):
            if named.kind in {"id", "repo"}:
                return _known(index, laid, named.model)
    return None


def _changed(base: Model, record: SourceRecord) -> Model:
    """What the entry says of the model itself, on top of what is known."""
    facts = record.facts
    changed = {name: facts[name] for name in ("name", "task", "description") if name in facts}
    structured = facts.get("capabilities.structured_output", base.capabilities.structured_output)
    own = tuple(_located(item) for item in record.weights)
    return dataclasses.replace(
        base,
        **changed,
        tags=tuple(dict.fromkeys((*facts.get("tags", ()), *base.tags))),
        capabilities=dataclasses.replace(base.capabilities, structured_output=structured),
        weights=own or base.weights,
        provenance={**base.provenance, **dict.fromkeys(facts, NAME), **({"weights": NAME} if own else {})},
    )


def _located(weights: Weights) -> Weights:
    if weights.source != "local_path" or not weights.repo_id.startswith("~"):
        return weights
    return dataclasses.replace(weights, repo_id=str(Path(weights.repo_id).expanduser()))
