"""`model list`."""

from __future__ import annotations

from modelscan.dataclasses import dataclass
from modelscan.model.registered import RegisteredModel
from modelscan.registry.registered import registered_models
from modelscan.selecting.context import Context
from modelscan.selecting.entries.upstream import Upstreams


@dataclass(frozen=True, slots=True)
class ListedModels:
    """`problems` are entries of files that cannot be used."""

    models: tuple[RegisteredModel, ...]
    problems: tuple[str, ...] = ()


def list_registered(context: Context, *, with_built_in: bool = False) -> ListedModels:
    """Those that users, files and seeds made, and where asked those of our own list, by id."""
    found = registered_models(context.settings)
    models = sorted(found.models(with_built_in=with_built_in), key=lambda item: item.id.casefold())
    return ListedModels(tuple(map(Upstreams(context).completed, models)), found.problems)
