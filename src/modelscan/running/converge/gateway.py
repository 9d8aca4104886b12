"""The gateway that a file asks for: its names, and itself."""

from __future__ import annotations

from modelscan.routing.gateway_files import gateway_files
from modelscan.routing.names import PublicNames, with_alias, with_fallbacks
from modelscan.routing.names_edit import change_names
from modelscan.routing.names_file import NAMES_FILE
from modelscan.running.gateway.process import commanding_gateway, running_gateway, start_gateway, stop_gateway
from modelscan.running.routes import update_routes
from modelscan.selecting.context import Context
from modelscan.selecting.declared.file import GatewaySection
from modelscan.services.process import RunningService
from modelscan.storage.files import write_atomic


def bring_up_gateway(context: Context, section: GatewaySection) -> str:
    """Let its aliases and fallbacks count, and have it run at its port, or wherever it runs where the file says none.

    Returns its address. Raises Conflict (port taken), Usage (an alias that leads back to itself), BackendFailed.
    """

    def stated(names: PublicNames) -> PublicNames:
        for name, target in section.aliases.items():
            names = with_alias(names, name, target, taken=False)
        for name, targets in section.fallbacks.items():
            names = with_fallbacks(names, name, targets)
        return names

    change_names(context.settings.routing_path.with_name(NAMES_FILE), stated)
    update_routes(context)
    with commanding_gateway(context):
        running = running_gateway(context)
        if running is not None and section.port not in {None, running.port}:
            stop_gateway(context)
            running = None
        if running is None:
            start_gateway(context, host=None, port=section.port)
            running = running_gateway(context)
            _note(context, running)
    return running.base_url if running is not None else ""


def take_down_gateway(context: Context, *, named: bool) -> bool:
    """Stop it where a file names it, or else where `up` started it. Returns whether it was stopped."""
    with commanding_gateway(context):
        running = running_gateway(context)
        if running is None or not (named or _was_started_by_up(context, running)):
            return False
        return stop_gateway(context)


def _note(context: Context, running: RunningService | None) -> None:
    if running is not None:
        write_atomic(gateway_files(context.settings.paths).started_by_up, str(running.process.pid))


def _was_started_by_up(context: Context, running: RunningService) -> bool:
    try:
        noted = gateway_files(context.settings.paths).started_by_up.read_text(encoding="utf-8")
    except OSError:
        return False
    return noted == str(running.process.pid)
