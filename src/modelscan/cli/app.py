"""The command tree, and nothing else: which command stands where, under which heading of the help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modelscan.cli.commands import backend, catalog, config, connect, deploy, doctor, gpu, manage, plan, schema
from modelscan.cli.output import Output
from modelscan.cli.session import Session

FIND, RUN, MANAGE, CONNECT, MAINTAIN = "Find", "Run", "Manage", "Connect", "Maintain"

app = typer.Typer(
    name="modelscan",
    help="From a model name to a healthy, right-sized endpoint, explained.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def root(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
    json: Annotated[bool, typer.Option("--json", help="With --version: as JSON.", hidden=True)] = False,
    config_file: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Use this configuration file.", show_default=False)
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Use no network; what is cached must do.")] = False,
) -> None:
    ctx.obj = Session(config_file=config_file, offline=offline)
    if version:
        from modelscan.cli.views.version import show_version

        show_version(Output(json=json))
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())
        raise typer.Exit


app.add_typer(catalog.app, name="catalog", rich_help_panel=FIND)
app.command("gpu", rich_help_panel=FIND)(gpu.gpu)
app.command("plan", rich_help_panel=FIND)(plan.plan)
app.command("deploy", rich_help_panel=RUN)(deploy.deploy)
app.command("wait", rich_help_panel=RUN)(manage.wait)
app.command("list", rich_help_panel=MANAGE)(manage.list_)
app.command("ps", rich_help_panel=MANAGE)(manage.ps)
app.command("status", rich_help_panel=MANAGE)(manage.status)
app.command("logs", rich_help_panel=MANAGE)(manage.logs)
app.command("start", rich_help_panel=MANAGE)(manage.start)
app.command("stop", rich_help_panel=MANAGE)(manage.stop)
app.command("restart", rich_help_panel=MANAGE)(manage.restart)
app.command("remove", rich_help_panel=MANAGE)(manage.remove)
app.add_typer(connect.app, name="routes", rich_help_panel=CONNECT)
app.command("env", rich_help_panel=CONNECT)(connect.env)
app.add_typer(backend.app, name="backend", rich_help_panel=MAINTAIN)
app.command("doctor", rich_help_panel=MAINTAIN)(doctor.doctor)
app.add_typer(config.app, name="config", rich_help_panel=MAINTAIN)
app.command("schema", rich_help_panel=MAINTAIN)(schema.schema)
