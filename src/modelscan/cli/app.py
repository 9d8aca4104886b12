"""The command tree, and nothing else: which command stands where, under which heading of the help."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from modelscan.cli.output.output import Output
from modelscan.cli.session import Session
from modelscan.cli.signals import interruption_told

FIND, RUN, MANAGE, CONNECT, MAINTAIN = "Find", "Run", "Manage", "Connect", "Maintain"


@dataclass(frozen=True, slots=True)
class Entry:
    """A command or a group of them: the heading it stands under, and `module:name` below `cli/commands`."""

    heading: str
    place: str
    group: bool = False


COMMANDS: Mapping[str, Entry] = {
    "catalog": Entry(FIND, "catalog:app", group=True),
    "gpu": Entry(FIND, "gpu:gpu"),
    "plan": Entry(FIND, "plan:plan"),
    "deploy": Entry(RUN, "deploy:deploy"),
    "run": Entry(RUN, "run:run"),
    "pull": Entry(RUN, "pull:pull"),
    "wait": Entry(RUN, "manage:wait"),
    "list": Entry(MANAGE, "manage:list_"),
    "ps": Entry(MANAGE, "manage:ps"),
    "status": Entry(MANAGE, "manage:status"),
    "logs": Entry(MANAGE, "manage:logs"),
    "events": Entry(MANAGE, "events:events"),
    "start": Entry(MANAGE, "manage:start"),
    "stop": Entry(MANAGE, "manage:stop"),
    "restart": Entry(MANAGE, "manage:restart"),
    "remove": Entry(MANAGE, "manage:remove"),
    "weights": Entry(MANAGE, "weights:app", group=True),
    "routes": Entry(CONNECT, "connect:app", group=True),
    "env": Entry(CONNECT, "connect:env"),
    "backend": Entry(MAINTAIN, "backend:app", group=True),
    "doctor": Entry(MAINTAIN, "doctor:doctor"),
    "config": Entry(MAINTAIN, "config:app", group=True),
    "login": Entry(MAINTAIN, "login:login"),
    "logout": Entry(MAINTAIN, "login:logout"),
    "schema": Entry(MAINTAIN, "schema:schema"),
}


def app_for(arguments: Sequence[str]) -> typer.Typer:
    """The command tree as far as a command line needs it: all of it, unless its first word names a command.

    Making the whole tree takes longer than `modelscan list` does (docs/benchmarks.md).
    """
    words = [word for word in arguments if not word.startswith("-")]
    if not words or words[0] not in COMMANDS:
        return _build(list(COMMANDS))
    return _build(words[:1], words[1] if len(words) > 1 else None)


def _build(names: Sequence[str], inner: str | None = None) -> typer.Typer:
    app = typer.Typer(
        name="modelscan",
        cls=_Root,
        help="From a model name to a healthy, right-sized endpoint, explained.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(root)
    for name in names:
        entry = COMMANDS[name]
        module, _, attribute = entry.place.partition(":")
        found = getattr(importlib.import_module(f"modelscan.cli.commands.{module}"), attribute)
        if entry.group:
            app.add_typer(_narrowed(found, inner), name=name, rich_help_panel=entry.heading)
        else:
            app.command(name, rich_help_panel=entry.heading)(found)
    return app


class _Root(TyperGroup):
    """The one place that every command runs through, with the reading of its arguments."""

    def make_context(self, *words: Any, **settings: Any) -> Any:
        with interruption_told():
            return super().make_context(*words, **settings)

    def invoke(self, ctx: Any) -> Any:
        with interruption_told():
            return super().invoke(ctx)


def _narrowed(group: typer.Typer, inner: str | None) -> typer.Typer:
    """The group with just its command of that name; all of it where it has none."""
    named = [command for command in group.registered_commands if command.name == inner]
    if not named:
        return group
    narrowed = typer.Typer(help=group.info.help, no_args_is_help=True)
    narrowed.callback()(lambda: None)  # one command alone would take the place of its group
    narrowed.registered_commands = named
    return narrowed


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
