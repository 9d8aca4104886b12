"""Where upstream models are served, under which name, and what that costs: said by their entry, else by models.dev."""

from __future__ import annotations

import csv
import functools
import json
from collections.abc import Mapping
from typing import Any

from modelscan import dataclasses
from modelscan.catalog.index.index import Index, open_base
from modelscan.catalog.naming.identity import resolve
from modelscan.errors import ModelAmbiguous, ModelNotFound
from modelscan.model import Pricing
from modelscan.model.registered import RegisteredModel, UpstreamModel
from modelscan.registry.words import ELSEWHERE, UPSTREAM
from modelscan.routing.ollama import ollama_address
from modelscan.selecting.context import Context
from modelscan.storage.shipped import shipped_text

_HOSTS = "models.dev"


class Upstreams:
    """Completes the entries of upstream models; the index is opened when the first one needs it."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def completed(self, model: RegisteredModel) -> RegisteredModel:
        """With its address, the variable of its key, its name there, price and context, as far as they are known; any
        other model as it is.
        """
        if model.runtime not in ELSEWHERE:
            return model
        said = model.upstream or UpstreamModel()
        if model.runtime != UPSTREAM:
            address = said.base_url or f"{ollama_address(self._context.settings.environ)}/v1"
            found = dataclasses.replace(said, base_url=address, model=said.model or model.id)
            return dataclasses.replace(model, upstream=found)
        offered = self._at_its_lab(model.id) if not said.base_url else UpstreamModel(base_url=said.base_url)
        host = self._host_at(offered.base_url)
        found = UpstreamModel(
            base_url=offered.base_url,
            api_key_env=said.api_key_env or self._variable(host),
            model=said.model or offered.model or model.id,
        )
        offer = self._offer(host, found.model)
        return dataclasses.replace(
            model, upstream=found, pricing=_price(offer), context_length=model.context_length or _context(offer)
        )

    @functools.cached_property
    def _index(self) -> Index:
        return open_base(self._context.settings.paths.index_file)  # the entry itself is no model there

    @functools.cached_property
    def _entries(self) -> Mapping[str, str]:
        """What models.dev says, verbatim: hosts by `id:`, their offers by `id:model`."""
        return dict(self._index.raw_entries(_HOSTS))

    @functools.cached_property
    def _hosts(self) -> Mapping[str, Mapping[str, Any]]:
        return {key[:-1]: json.loads(raw) for key, raw in self._entries.items() if key.endswith(":")}

    def _address(self, host: str) -> str | None:
        found = self._hosts[host].get("api") or _addresses().get(host)
        return found.rstrip("/") if isinstance(found, str) else None

    def _host_at(self, address: str | None) -> str | None:
        wanted = (address or "").rstrip("/")
        return next((host for host in self._hosts if wanted and self._address(host) == wanted), None)

    def _variable(self, host: str | None) -> str | None:
        """Of a host that asks for several there is no telling which holds the key."""
        named = [text for text in self._hosts[host].get("env", ()) if isinstance(text, str)] if host else []
        return named[0] if len(named) == 1 else None

    def _offer(self, host: str | None, model: str | None) -> Mapping[str, Any]:
        raw = self._entries.get(f"{host}:{model}") if host is not None else None
        return json.loads(raw) if raw is not None else {}

    def _at_its_lab(self, name: str) -> UpstreamModel:
        try:
            model = resolve(name, self._index).model
        except (ModelNotFound, ModelAmbiguous):
            model = None
        if model is None:
            return UpstreamModel(model=name)
        lab = self._index.lab(model.owner or model.id.partition("/")[0])
        offer = next((item for item in model.providers if item.id == lab), None)
        if offer is None or offer.id not in self._hosts:
            return UpstreamModel(model=name)
        return UpstreamModel(base_url=self._address(offer.id), model=offer.model)


def _price(offer: Mapping[str, Any]) -> Pricing | None:
    cost = offer.get("cost")
    if not isinstance(cost, Mapping):
        return None
    figures = {name: cost.get(name) for name in dataclasses.field_names(Pricing)}
    return Pricing(**{name: float(value) for name, value in figures.items() if isinstance(value, int | float)})


def _context(offer: Mapping[str, Any]) -> int | None:
    limits = offer.get("limit")
    found = limits.get("context") if isinstance(limits, Mapping) else None
    return found if isinstance(found, int) and found > 0 else None


@functools.cache
def _addresses() -> Mapping[str, str]:
    """Of hosts whose address models.dev leaves to their own client."""
    return {row["host"]: row["base_url"] for row in csv.DictReader(shipped_text("upstreams.csv").splitlines())}
