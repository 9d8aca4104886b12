"""The command tree: listed from the table, built only as deep as a command line needs."""

from __future__ import annotations

import functools
import importlib
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from modelscan.cli.examples import examples
from modelscan.cli.global_options import GlobalOptions
from modelscan.cli.output.output import Output
from modelscan.cli.signals import interruption_as_error
from modelscan.cli.table import COMMANDS
from modelscan.cli.views.version import show_version
from modelscan.errors import Usage


class _Group(TyperGroup):
    """The commands of the table whose paths begin with `inside`: listed at once, loaded when called."""

    def __init__(self, *, inside: str = "", **settings: Any) -> None:
        super().__init__(**settings)
        self._inside = inside
        lines = ((path.removeprefix(inside), line) for path, line in COMMANDS.items() if path.startswith(inside))
        self.commands = {
            name: TyperCommand(name, help=line.help, rich_help_panel=line.heading)
            for name, line in lines
            if " " not in name
        }

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, _, rest = super().resolve_command(ctx, args)
        return name, _load(self._inside + name) if name else None, rest


class _Root(_Group):
    """The one place that every command runs through, including the parsing of its arguments."""

    def make_context(self, *words: Any, **settings: Any) -> Any:
        with interruption_as_error():
            return super().make_context(*words, **settings)

    def invoke(self, ctx: Any) -> Any:
        with interruption_as_error():
            return super().invoke(ctx)


@functools.cache
def _load(path: str) -> Any:
    """The command, or the group, of a line of the table; made once, for who runs many command lines."""
    line = COMMANDS[path]
    if line.function is None:
        return _Group(inside=f"{path} ", name=path, help=line.help, no_args_is_help=True)
    module, _, function = line.function.partition(":")
    found = getattr(importlib.import_module(f"modelscan.cli.commands.{module}"), function)
    alone = typer.Typer(add_completion=False)
    alone.command(path.rpartition(" ")[2], help=line.help, epilog=examples(path))(found)
    return typer.main.get_command(alone)


@functools.cache
def program() -> Any:
    """The whole tree, as a callable that takes a command line."""
    app = typer.Typer(
        name="modelscan",
        cls=_Root,
        help="From a model name to a healthy, right-sized endpoint, explained.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_root)
    return typer.main.get_command(app)


def _root(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
    json: Annotated[bool, typer.Option("--json", help="With --version: print JSON.", hidden=True)] = False,
    config_file: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Configuration file to use.", show_default=False)
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Use only cached data; make no network requests.")] = False,
    verbose: Annotated[  # noqa: ARG001  read before parsing, so that failures of parsing are verbose too
        bool, typer.Option("--verbose", "-v", help="Show the details and causes of failures.")
    ] = False,
) -> None:
    ctx.obj = GlobalOptions(config_file=config_file, offline=offline)
    if version:
        show_version(Output(json=json))
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())
        raise Usage("no command was given", hints=["modelscan --help"])
