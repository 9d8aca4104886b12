"""`modelscan gateway`."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options.logs import Follow, Since, Tail
from modelscan.cli.options.shared import Json, Quiet
from modelscan.cli.output.output import Output, to_json
from modelscan.cli.seeding import seed_first
from modelscan.cli.session import context_of
from modelscan.cli.signals import until_interrupted
from modelscan.cli.views.gateway import show_gateway
from modelscan.services.logs import tell_service
from modelscan.services.service import GATEWAY
from modelscan.verbs.connect.gateway import (
    GatewayStatus,
    gateway_logs,
    gateway_reload,
    gateway_restart,
    gateway_run,
    gateway_start,
    gateway_status,
    gateway_stop,
)

Host = Annotated[
    str | None,
    typer.Option("--host", metavar="ADDRESS", help="Address to listen on; others than 127.0.0.1 need a key."),
]
Port = Annotated[int | None, typer.Option("--port", min=1, max=65535, metavar="P", help="Port to listen on.")]


def start(ctx: typer.Context, host: Host = None, port: Port = None, json: Json = False, quiet: Quiet = False) -> None:
    context, output = context_of(ctx), Output(json=json, quiet=quiet)
    tell_service(context.settings.paths, GATEWAY, seed_first(context, output)[1], context.clock)
    _show(output, gateway_start(context, host=host, port=port))


def stop(ctx: typer.Context, json: Json = False, quiet: Quiet = False) -> None:
    _show(Output(json=json, quiet=quiet), gateway_stop(context_of(ctx)))


def restart(ctx: typer.Context, host: Host = None, port: Port = None, json: Json = False, quiet: Quiet = False) -> None:
    _show(Output(json=json, quiet=quiet), gateway_restart(context_of(ctx), host=host, port=port))


def reload(ctx: typer.Context, json: Json = False, quiet: Quiet = False) -> None:
    _show(Output(json=json, quiet=quiet), gateway_reload(context_of(ctx)))


def status(ctx: typer.Context, json: Json = False, quiet: Quiet = False) -> None:
    _show(Output(json=json, quiet=quiet), gateway_status(context_of(ctx)))


def run(ctx: typer.Context, host: Host = None, port: Port = None) -> None:
    context = context_of(ctx)
    tell_service(context.settings.paths, GATEWAY, seed_first(context, Output())[1], context.clock)
    gateway_run(context, host=host, port=port)


def logs(
    ctx: typer.Context, follow: Follow = False, tail: Tail = None, since: Since = None, json: Json = False
) -> None:
    context = context_of(ctx)
    with until_interrupted(reported=not follow):
        lines = gateway_logs(context, follow=follow, tail=tail, since=since)
        if json and not follow:
            Output(json=True).document(list(lines), lambda _: None)
            return
        for line in lines:
            typer.echo(to_json(line) if json else f"{line.at} {line.text}".strip())


def _show(output: Output, found: GatewayStatus) -> None:
    output.document(found, lambda printer: show_gateway(printer, found), (model.id for model in found.models))
