"""The routing file, kept in step with what is ready."""

from __future__ import annotations

from modelscan.model import Route
from modelscan.operations.context import Context


def check_routing_file(context: Context) -> None:
    """Raise ConfigInvalid for a damaged routing file before anything is started."""
    from modelscan.routing.file import read_routes

    read_routes(context.settings.routing_path)


def update_routes(context: Context) -> None:
    """Write a route for each ready deployment and take ours of the others out; the user's stay as they are."""
    from modelscan.operations.manage import list_deployments
    from modelscan.routing.file import write_routes

    ready = [item for item in list_deployments(context) if item.status == "ready"]
    routes = tuple(
        Route(name=item.name, type="local", base_url=item.base_url or "", model=item.model, managed=True)
        for item in ready
    )
    write_routes(context.settings.routing_path, routes)
