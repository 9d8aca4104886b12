"""Making it reachable: routes and the environment of clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from modelscan.cli.options.shared import Json, Name, Quiet
from modelscan.cli.options.words import RoutesFormatWord
from modelscan.cli.output.output import Output
from modelscan.cli.output.printer import Printer
from modelscan.cli.session import session

if TYPE_CHECKING:
    from modelscan.verbs.connect.env import ExportedEnv

app = typer.Typer(help="Show and export where models can be reached.", no_args_is_help=True)


@app.command("show")
def show(ctx: typer.Context, json: Json = False, quiet: Quiet = False) -> None:
    """Show the routes of routing.yaml, yours and ours."""
    from modelscan.cli.views.routes import show_routes
    from modelscan.verbs.connect.routes import routes

    found = routes(session(ctx).context)
    Output(json=json, quiet=quiet).document(
        found, lambda printer: show_routes(printer, found), (route.name for route in found.routes)
    )


@app.command("export")
def export(
    ctx: typer.Context,
    format_: Annotated[RoutesFormatWord, typer.Option("--format", case_sensitive=False, help="The form.")],
    json: Json = False,
) -> None:
    """Print what is ready in another program's form."""
    from modelscan.verbs.connect.env import export_env
    from modelscan.verbs.connect.routes import export_routes

    context = session(ctx).context
    if format_ is RoutesFormatWord.ENV:
        _print_env(export_env(context), json=json)
        return
    exported = export_routes(context, "litellm" if format_ is RoutesFormatWord.LITELLM else "modelscan")
    Output(json=json).document(exported.document, lambda printer: printer.line(exported.text.rstrip()))


def env(ctx: typer.Context, name: Name, json: Json = False) -> None:
    """Print shell lines for a client: eval "$(modelscan env NAME)"."""
    from modelscan.verbs.connect.env import deployment_env

    _print_env(deployment_env(session(ctx).context, name), json=json)


def _print_env(exported: ExportedEnv, *, json: bool) -> None:
    def lines(printer: Printer) -> None:
        for line in exported.lines:
            printer.line(line)

    Output(json=json).document(exported.variables, lines)
