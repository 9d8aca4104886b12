"""Models of the Playground API as they are now."""

from __future__ import annotations

from typing import Any

from modelscan.dataclasses import dataclass
from modelscan.playground.record import AccessMode, InferencePhase
from modelscan.playground.shown import shown
from modelscan.playground.store import PlaygroundStore, not_found
from modelscan.running.playground.looking import look_at
from modelscan.selecting.context import Context


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedPage:
    """`total` is of all that match, of which the page has some."""

    total: int
    items: tuple[dict[str, Any], ...]


def list_models(
    context: Context,
    *,
    limit: int = 10,
    offset: int = 0,
    inference_status: InferencePhase | None = None,
    access_mode: AccessMode | None = None,
    deleted: bool = False,
) -> ListedPage:
    """Newest first. Only what is shown is looked at, unless what is asked for has to be seen of all."""
    with PlaygroundStore.for_reading(context.settings.paths, context.clock) as store:
        models = store.list(deleted=deleted)
    models = [item for item in models if access_mode in {None, item.access_mode}]
    if inference_status is None:
        page = look_at(context, models[offset : offset + limit])
        return ListedPage(total=len(models), items=tuple(shown(item.model, item.now) for item in page))
    seen = [item for item in look_at(context, models) if item.now.inference_phase == inference_status]
    items = tuple(shown(item.model, item.now) for item in seen[offset : offset + limit])
    return ListedPage(total=len(seen), items=items)


def get_model(context: Context, model_id: str) -> dict[str, Any]:
    """Raises ModelNotFound."""
    with PlaygroundStore.for_reading(context.settings.paths, context.clock) as store:
        found = store.kept(model_id)
    (seen,) = look_at(context, [found])
    if seen.model.stage != "kept":  # deleted just now
        raise not_found(model_id)
    return shown(seen.model, seen.now)
