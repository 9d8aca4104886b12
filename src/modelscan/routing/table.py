"""Which routes there should be, and what to change for that. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from modelscan.dataclasses import dataclass
from modelscan.model import Deployment, Route

TYPE = "local"


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """From the routes there are to those there should be.

    `shadowed` are routes of ours that the user has an entry of the same name for: the user's stays, ours is left out.
    """

    add: tuple[Route, ...] = ()
    change: tuple[Route, ...] = ()
    drop: tuple[str, ...] = ()
    shadowed: tuple[Route, ...] = ()


def route_to(deployment: Deployment) -> Route:
    """The route of one deployment: its name, and the model by the last of the names its endpoint answers to."""
    names = deployment.served_model_names
    return Route(
        name=deployment.name,
        type=TYPE,
        base_url=deployment.base_url or f"http://127.0.0.1:{deployment.port}",
        model=names[-1] if names else deployment.model,
        managed=True,
    )


def routes_to(deployments: Iterable[Deployment]) -> tuple[Route, ...]:
    """Routes to those that are ready, by name."""
    ready = [item for item in deployments if item.status == "ready" and item.removed_at is None and not item.socket]
    return tuple(route_to(item) for item in sorted(ready, key=lambda item: item.name))


def changes(present: Sequence[Route], wanted: Sequence[Route]) -> Changes:
    """What leads from the entries there are to those we want; the user's are never in it."""
    users = {route.name for route in present if not route.managed}
    ours = {route.name: route for route in present if route.managed}
    kept = {route.name: route for route in wanted if route.name not in users}
    return Changes(
        add=tuple(route for name, route in kept.items() if name not in ours),
        change=tuple(route for name, route in kept.items() if name in ours and ours[name] != route),
        drop=tuple(name for name in ours if name not in kept),
        shadowed=tuple(route for route in wanted if route.name in users),
    )
