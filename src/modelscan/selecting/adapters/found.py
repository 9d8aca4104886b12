"""The adapters of a request: looked at, and held against the model that they are to go on top of."""

from __future__ import annotations

import shlex

from modelscan import dataclasses
from modelscan.errors import Usage
from modelscan.model import HUB_SOURCES, Adapter, PlanRequest, Source
from modelscan.planning.memory.adapting import mismatch
from modelscan.selecting.context import Context
from modelscan.selecting.resolve import canonical_id
from modelscan.selecting.resolved import Resolved
from modelscan.weights.address import is_s3


def with_adapters(context: Context, resolved: Resolved, request: PlanRequest) -> PlanRequest:
    """The request with what its adapters are, each at its commit.

    Raises Usage for one that is for another model, ModelNotFound for what is no adapter, and as hubs do.
    """
    if not request.adapters or request.found_adapters:
        return request
    found = tuple(_adapter(context, name, place, request.source) for name, place in request.adapters.items())
    for item in found:
        _refuse_another(context, item, resolved)
    return dataclasses.replace(request, found_adapters=found)


def _adapter(context: Context, name: str, place: str, asked: Source | None) -> Adapter:
    source: Source = "s3" if is_s3(place) else "local_path" if place.startswith("/") else "huggingface"
    if source == "huggingface" and asked in HUB_SOURCES:
        source = asked
    return context.describer(source).adapter(name, place, None)


def _refuse_another(context: Context, adapter: Adapter, resolved: Resolved) -> None:
    """By its matrices, which are exact, or by the name of its model, where catalogs know that as another one."""
    shapes = [item.architecture for item in resolved.options if item.architecture is not None]
    problem = next((found for shape in shapes if (found := mismatch(adapter, shape)) is not None), None)
    named = canonical_id(context, adapter.base) if adapter.base is not None else None
    ours = resolved.model.id if resolved.model is not None else None
    if problem is None and (named is None or ours is None or named == ours):
        return
    base = f"it says that it goes on top of `{adapter.base}`" if adapter.base else None
    words = shlex.quote(named or adapter.base or "BASE"), shlex.quote(f"{adapter.name}={adapter.repo_id}")
    hint = f"modelscan deploy {words[0]} --adapter {words[1]}"
    raise Usage(
        f"the adapter `{adapter.name}` is not for `{resolved.model_id}`",
        cause=[text for text in (problem, base) if text is not None],
        hints=[hint],
        details={"adapter": adapter.name, "base": adapter.base},
    )
