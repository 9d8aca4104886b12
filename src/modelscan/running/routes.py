"""Keep the routing file in step with ready deployments."""

from __future__ import annotations

from modelscan.model import Route
from modelscan.routing.file import read_routes, write_routes
from modelscan.routing.table import routes_to
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
