"""The gateway found, started and stopped."""

from __future__ import annotations

from contextlib import AbstractContextManager

from modelscan.running.routes import update_routes
from modelscan.selecting.context import Context
from modelscan.services.process import RunningService, commanding_service, running_service, stop_service
from modelscan.services.service import GATEWAY
from modelscan.services.starting import become_service, start_service


def running_gateway(context: Context) -> RunningService | None:
    """The gateway that answers; None while there is none, or it is not ready yet."""
    return running_service(context.settings.paths, GATEWAY)


def commanding_gateway(context: Context) -> AbstractContextManager[None]:
    """One command at a time starts or stops it. Raises Conflict."""
    return commanding_service(context.settings.paths, GATEWAY, context.clock)


def start_gateway(context: Context, *, host: str | None, port: int | None) -> bool:
    """Start it with the routes as they are now; False where it runs already as asked. Call it `commanding_gateway`.

    Raises as `start_service` does.
    """
    update_routes(context)
    return start_service(context.settings, GATEWAY, context.clock, host=host, port=port)


def become_gateway(context: Context, *, host: str | None, port: int | None) -> None:
    """Be it, in the foreground: this process goes over into it. Raises as `start_service` does."""
    update_routes(context)
    become_service(context.settings, GATEWAY, context.clock, host=host, port=port)


def stop_gateway(context: Context) -> bool:
    """End it, and return when it has let its lock go; False where none ran. Answers that have begun may end first."""
    return stop_service(context.settings, GATEWAY, context.clock)
