"""`modelscan gateway keys`."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options.shared import Json, Quiet
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.gateway import show_keys
from modelscan.verbs.connect.keys import add_key, list_keys, revoke_key

KeyName = Annotated[str, typer.Argument(metavar="NAME", help="Name of the key.", show_default=False)]


def add(
    ctx: typer.Context,
    name: KeyName,
    model: Annotated[
        list[str] | None, typer.Option("--model", metavar="NAME", help="A model that it may ask; may be repeated.")
    ] = None,
    rate: Annotated[int | None, typer.Option("--rate", min=1, metavar="N", help="Requests per minute.")] = None,
    json: Json = False,
) -> None:
    made = add_key(context_of(ctx), name, models=tuple(model or ()), rate=rate)
    output = Output(json=json)
    output.document(made, lambda printer: printer.line(made.key))
    if not json:
        output.say(f"This is the key `{name}`. It is shown only now: keep it.")


def list_(ctx: typer.Context, json: Json = False, quiet: Quiet = False) -> None:
    found = list_keys(context_of(ctx))
    output = Output(json=json, quiet=quiet)
    if not found:
        output.say("No keys: everybody on this machine may ask. Add one: modelscan gateway keys add NAME")
    output.document(found, lambda printer: show_keys(printer, found), (key.name for key in found))


def revoke(ctx: typer.Context, name: KeyName, json: Json = False) -> None:
    gone = revoke_key(context_of(ctx), name)
    Output(json=json).document(gone, lambda printer: printer.line(f"{gone.name}  revoked"))
