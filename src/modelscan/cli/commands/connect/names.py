"""`modelscan routes alias`, `fallback` and `weight`."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options.shared import Json
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.gateway import show_named
from modelscan.verbs.connect.names import NamedRoute, set_alias, set_fallbacks, set_weight

PublicName = Annotated[str, typer.Argument(metavar="NAME", help="A name that clients use.", show_default=False)]
Remove = Annotated[bool, typer.Option("--remove", help="Take the entry away.")]


def alias(
    ctx: typer.Context,
    name: PublicName,
    target: Annotated[str | None, typer.Argument(metavar="[TARGET]", help="The name it leads to.")] = None,
    remove: Remove = False,
    json: Json = False,
) -> None:
    _check(target is not None, remove, "TARGET")
    _show(Output(json=json), set_alias(context_of(ctx), name, target))


def fallback(
    ctx: typer.Context,
    name: PublicName,
    targets: Annotated[
        list[str] | None, typer.Argument(metavar="[TARGET]...", help="Names to try instead, in order.")
    ] = None,
    remove: Remove = False,
    json: Json = False,
) -> None:
    _check(bool(targets), remove, "TARGET")
    _show(Output(json=json), set_fallbacks(context_of(ctx), name, tuple(targets or ())))


def weight(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of a deployment.", show_default=False)],
    share: Annotated[int | None, typer.Argument(metavar="[N]", min=1, help="Its share of the requests.")] = None,
    remove: Remove = False,
    json: Json = False,
) -> None:
    _check(share is not None, remove, "N")
    _show(Output(json=json), set_weight(context_of(ctx), name, share))


def _check(given: bool, remove: bool, what: str) -> None:
    if given == remove:
        raise typer.BadParameter(f"give {what}, or --remove", param_hint=what)


def _show(output: Output, found: NamedRoute) -> None:
    output.document(found, lambda printer: show_named(printer, found))
