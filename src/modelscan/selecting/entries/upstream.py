"""Where an upstream model is served whose entry gives no address: by its lab, as models.dev lists it."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping

from modelscan import dataclasses
from modelscan.catalog.index.index import Index, open_base
from modelscan.catalog.naming.identity import resolve
from modelscan.errors import ModelAmbiguous, ModelNotFound
from modelscan.model.registered import RegisteredModel, UpstreamModel
from modelscan.registry.words import UPSTREAM
from modelscan.selecting.context import Context
from modelscan.storage.shipped import shipped_text

_HOSTS = "models.dev"


def with_upstream(context: Context, model: RegisteredModel) -> RegisteredModel:
    """An upstream model with its address, the variable of its key and its name there, as far as they are known."""
    said = model.upstream or UpstreamModel()
    if model.runtime != UPSTREAM or (said.base_url and said.model):
        return model
    if said.base_url:
        return dataclasses.replace(model, upstream=dataclasses.replace(said, model=said.model or model.id))
    found = _at_its_lab(open_base(context.settings.paths.index_file), model.id)  # the entry itself is no model there
    return dataclasses.replace(
        model,
        upstream=UpstreamModel(
            base_url=found.base_url, api_key_env=said.api_key_env or found.api_key_env, model=said.model or found.model
        ),
    )


def _at_its_lab(index: Index, name: str) -> UpstreamModel:
    try:
        model = resolve(name, index).model
    except (ModelNotFound, ModelAmbiguous):
        model = None
    hosts = dict(index.entries(_HOSTS, lambda key: key.endswith(":"))) if model is not None else {}
    lab = index.lab(model.owner or model.id.partition("/")[0]) if model is not None else None
    offer = next((item for item in model.providers if item.id == lab), None) if model is not None else None
    host = hosts.get(f"{lab}:")
    if offer is None or host is None:
        return UpstreamModel(model=name)
    keys = [text for text in host.get("env", ()) if isinstance(text, str)]
    address = host.get("api") or _addresses().get(offer.id)
    return UpstreamModel(base_url=address, api_key_env=keys[0] if len(keys) == 1 else None, model=offer.model)


@functools.cache
def _addresses() -> Mapping[str, str]:
    """Of hosts whose address models.dev leaves to their own client."""
    return {row["host"]: row["base_url"] for row in csv.DictReader(shipped_text("upstreams.csv").splitlines())}
