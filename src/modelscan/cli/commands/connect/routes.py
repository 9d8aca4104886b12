"""`modelscan routes`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from modelscan.cli.options.shared import Json, Quiet
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.env import show_env
from modelscan.cli.views.routes import show_routes
from modelscan.verbs.connect.env import export_env
from modelscan.verbs.connect.routes import export_routes, routes


def show(ctx: typer.Context, json: Json = False, quiet: Quiet = False) -> None:
    found = routes(context_of(ctx))
    Output(json=json, quiet=quiet).document(
        found, lambda printer: show_routes(printer, found), (route.name for route in found.routes)
    )


def export(
    ctx: typer.Context,
    format_: Annotated[
        Literal["modelscan", "env", "litellm", "llama-swap"],
        typer.Option(
            "--format",
            metavar="FORMAT",
            case_sensitive=False,
            help="Output format: modelscan, env, litellm or llama-swap.",
        ),
    ],
    keyless: Annotated[
        bool, typer.Option("--keyless", help="With litellm: answer everybody, without a master key.")
    ] = False,
    json: Json = False,
) -> None:
    context, output = context_of(ctx), Output(json=json)
    if format_ == "env":
        show_env(output, export_env(context))
        return
    exported = export_routes(context, format_, keyless=keyless)
    output.document(exported.document, lambda printer: printer.line(exported.text.rstrip()))
