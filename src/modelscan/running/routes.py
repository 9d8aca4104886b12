"""Keep the routing file in step with ready deployments."""

from __future__ import annotations

from modelscan.model import Route
from modelscan.routing.file import read_routes, write_routes
from modelscan.routing.table import changes, routes_to
from modelscan.selecting.context import Context


def check_routing_file(context: Context) -> None:
    """Raise ConfigInvalid for a damaged routing file before anything is started."""
    read_routes(context.settings.routing_path)


def update_routes(context: Context) -> tuple[Route, ...]:
    """Write a route for each ready deployment and remove our others; the user's own stay unchanged.

    Returns those left out because the user has an entry of that name. What is ready is read under the file's lock, so
    that of two commands the later one knows the later state.
    """
    return write_routes(
        context.settings.routing_path, lambda: routes_to(context.deployments.list()), clock=context.clock
    )


def routes_out_of_step(context: Context) -> tuple[str, ...]:
    """What is wrong in the routing file, a sentence each. Raises ConfigInvalid for a damaged one."""
    needed = changes(read_routes(context.settings.routing_path), routes_to(context.deployments.list()))
    return (
        *(f"`{name}` has a route but is not ready" for name in needed.drop),
        *(f"`{route.name}` is ready but has no route" for route in needed.add),
        *(f"the route of `{route.name}` does not lead to {route.base_url}" for route in needed.change),
    )
