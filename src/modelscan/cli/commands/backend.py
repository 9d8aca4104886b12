"""`modelscan backend`: what models run in."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.asking import asker
from modelscan.cli.options.shared import Json, Quiet, Yes
from modelscan.cli.options.words import BackendWord
from modelscan.cli.output.output import Output
from modelscan.cli.session import session

app = typer.Typer(help="Install, show and remove the backends.", no_args_is_help=True)

Which = Annotated[BackendWord, typer.Argument(metavar="BACKEND", help="The backend.", case_sensitive=False)]
Version = Annotated[str | None, typer.Option("--version", metavar="V", help="This version.")]


@app.command("list")
def list_(ctx: typer.Context, json: Json = False, quiet: Quiet = False) -> None:
    """List the installed backends: modelscan's own and those found on this machine."""
    from modelscan.cli.views.backends import show_installations
    from modelscan.selecting.installations import installations

    output = Output(json=json, quiet=quiet)
    found = installations(session(ctx).context)
    if not found:
        output.say("No backend is installed. Install one: modelscan backend install vllm")
    output.document(found, lambda printer: show_installations(printer, found), (item.path for item in found))


@app.command("install")
def install(
    ctx: typer.Context,
    backend: Which,
    version: Version = None,
    s3: Annotated[bool, typer.Option("--s3", help="Also what reads weights from S3; for vllm.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make an isolated environment for a backend, right for this machine."""
    from modelscan.cli.output.live import InstallView
    from modelscan.cli.views.backends import show_installed
    from modelscan.running.installing import add_reader, install_backend

    if s3 and backend is not BackendWord.VLLM:
        raise typer.BadParameter("only vllm reads weights from S3 by itself", param_hint="--s3")
    output = Output(json=json, quiet=quiet)
    with InstallView(output) as view:
        context = session(ctx).context
        installed = install_backend(context, backend.value, version, on_line=view.line)
        if s3:
            installed = add_reader(context, installed, on_line=view.line)
    output.document(installed, lambda printer: show_installed(printer, installed), [installed.path])


@app.command("show")
def show(ctx: typer.Context, backend: Which, version: Version = None, json: Json = False, quiet: Quiet = False) -> None:
    """Show one installed backend: where it is, where it came from, what is in it."""
    from modelscan.cli.views.backends import show_installation
    from modelscan.verbs.maintain.backends import find_installation

    found = find_installation(session(ctx).context, backend.value, version)
    Output(json=json, quiet=quiet).document(found, lambda printer: show_installation(printer, found), [found.path])


@app.command("remove")
def remove(
    ctx: typer.Context,
    backend: Which,
    version: Version = None,
    yes: Yes = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Remove a backend that modelscan installed."""
    from modelscan.verbs.maintain.backends import remove_backend

    output = Output(json=json, quiet=quiet)
    removed = remove_backend(session(ctx).context, backend.value, version, ask=asker(output, yes=yes))
    output.document(removed, lambda printer: printer.line(f"Removed {removed.path}"), [removed.path])
