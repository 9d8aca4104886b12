"""`modelscan api` and `modelscan ui`."""

from __future__ import annotations

import webbrowser
from typing import Annotated

import typer

from modelscan.cli.options.shared import Json, Quiet
from modelscan.cli.output.output import Output
from modelscan.cli.seeding import seed_first
from modelscan.cli.session import context_of
from modelscan.cli.views.gateway import show_api
from modelscan.services.logs import tell_service
from modelscan.services.service import API
from modelscan.verbs.connect.api import (
    ApiStatus,
    api_restart,
    api_run,
    api_start,
    api_status,
    api_stop,
    page_address,
    require_packages,
)

Host = Annotated[
    str | None,
    typer.Option("--host", metavar="ADDRESS", help="Address to listen on; others than 127.0.0.1 need a key."),
]
Port = Annotated[int | None, typer.Option("--port", min=1, max=65535, metavar="P", help="Port to listen on.")]


def start(ctx: typer.Context, host: Host = None, port: Port = None, json: Json = False, quiet: Quiet = False) -> None:
    require_packages()
    context, output = context_of(ctx), Output(json=json, quiet=quiet)
    tell_service(context.settings.paths, API, seed_first(context, output)[1], context.clock)
    _show(output, api_start(context, host=host, port=port))


def stop(ctx: typer.Context, json: Json = False, quiet: Quiet = False) -> None:
    _show(Output(json=json, quiet=quiet), api_stop(context_of(ctx)))


def restart(ctx: typer.Context, host: Host = None, port: Port = None, json: Json = False, quiet: Quiet = False) -> None:
    _show(Output(json=json, quiet=quiet), api_restart(context_of(ctx), host=host, port=port))


def status(ctx: typer.Context, json: Json = False, quiet: Quiet = False) -> None:
    _show(Output(json=json, quiet=quiet), api_status(context_of(ctx)))


def run(ctx: typer.Context, host: Host = None, port: Port = None) -> None:
    require_packages()
    context = context_of(ctx)
    tell_service(context.settings.paths, API, seed_first(context, Output())[1], context.clock)
    api_run(context, host=host, port=port)


def ui(
    ctx: typer.Context,
    port: Port = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
) -> None:
    output = Output()
    address, started = page_address(context_of(ctx), port=port)
    if started:
        output.say("Started the HTTP API: modelscan api stop ends it")
    typer.echo(address)
    output.say("The address opens the page once, within five minutes")
    if not no_browser and not webbrowser.open(address):
        output.say("No browser could be opened here: open the address where there is one")


def _show(output: Output, found: ApiStatus) -> None:
    output.document(
        found, lambda printer: show_api(printer, found), () if found.base_url is None else (found.base_url,)
    )
