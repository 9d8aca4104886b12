"""Keep the published files in step with ready deployments."""

from __future__ import annotations

from modelscan.model.registered import RegisteredModel
from modelscan.registry.words import ELSEWHERE
from modelscan.routing.file import read_routes
from modelscan.routing.gateway_files import publish_upstreams
from modelscan.routing.table import changes, routes_to
from modelscan.selecting.context import Context
from modelscan.selecting.entries.members import upstream_members
from modelscan.targets.publish import Publication, publish_ready
from modelscan.targets.site import published_files


def check_routing_file(context: Context) -> None:
    """Raise ConfigInvalid for a damaged routing file before anything is started."""
    read_routes(context.settings.routing_path)


def update_routes(context: Context) -> Publication:
    """Bring the routing file, and the other files that routes are published in, up to date."""
    publish_upstreams(context.settings.paths, lambda: upstream_members(context))
    return publish_ready(context.deployments, published_files(context.settings), context.clock)


def update_upstreams(context: Context, *changed: RegisteredModel) -> None:
    """The same, where one of these registered models is, or was, served elsewhere."""
    if any(model.runtime in ELSEWHERE for model in changed):
        update_routes(context)


def routes_out_of_step(context: Context) -> tuple[str, ...]:
    """What is wrong in the routing file, a sentence each. Raises ConfigInvalid for a damaged one."""
    needed = changes(read_routes(context.settings.routing_path), routes_to(context.deployments.list()))
    return (
        *(f"`{name}` has a route but is not ready" for name in needed.drop),
        *(f"`{route.name}` is ready but has no route" for route in needed.add),
        *(f"the route of `{route.name}` does not lead to {route.base_url}" for route in needed.change),
    )
