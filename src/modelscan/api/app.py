"""The application: its routes, its failures, its headers, its description."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI
from fastapi.responses import RedirectResponse

from modelscan import __version__
from modelscan.api.access import Doorkeeper
from modelscan.api.failures import handle_failures
from modelscan.api.feed import Feed
from modelscan.api.following import Followers
from modelscan.api.openapi import describe
from modelscan.api.page.gateway_key import GatewayKey
from modelscan.api.page.views import PAGES
from modelscan.api.routes import catalog, deployments, events, gateway, health, jobs, models, ollama, plans, playground
from modelscan.api.sources import DeploymentEvents, JobEvents
from modelscan.selecting.context import Context
from modelscan.storage.passes import page_sessions

# In the order of the description.
_ROUTERS = (
    deployments.router,
    plans.router,
    catalog.router,
    jobs.router,
    events.router,
    models.router,
    playground.router,
    gateway.router,
    ollama.router,
    health.router,
    *PAGES,
)


def build_app(
    context: Context, *, needs_key: bool = False, most_followers: int = 32, on_bug: Callable[[Exception], None]
) -> FastAPI:
    """The application over these settings and doors. `needs_key`: nobody is let in without one.

    `most_followers` may have a log told as it grows. `on_bug` is told every exception that is not one of ours.
    """
    app = FastAPI(
        title="modelscan",
        version=__version__,
        description="Find, plan, run and reach models. Bodies and answers are those of the command line.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.context = context
    app.state.on_bug = on_bug
    app.state.followers = Followers(most_followers)
    app.state.feed = Feed((DeploymentEvents(context), JobEvents(context)))
    app.state.gateway_key = GatewayKey()
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    for router in _ROUTERS:
        app.include_router(router)
    app.add_api_route("/", lambda: RedirectResponse("/ui/"), include_in_schema=False)
    app.state.routes = [*app.router.routes, *(route for router in _ROUTERS for route in router.routes)]
    handle_failures(app)
    settings = context.settings
    app.add_middleware(
        Doorkeeper,
        paths=settings.paths,
        sessions=page_sessions(settings.paths, context.clock),
        hosts=(settings.api.host, *settings.api.allowed_hosts),
        max_body=settings.api.max_body_bytes,
        max_to_models=settings.gateway.max_body_bytes,
        needs_key=needs_key,
    )
    return app
