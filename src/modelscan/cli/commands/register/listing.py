"""`modelscan model list` and `modelscan model inspect`."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options.shared import Json, Quiet, RegisteredId
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.registered import show_inspected, show_registered
from modelscan.verbs.register.inspect import inspect_model
from modelscan.verbs.register.listing import list_registered


def list_models(
    ctx: typer.Context,
    all_: Annotated[bool, typer.Option("--all", help="Show the built-in models known to work, too.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    output = Output(json=json, quiet=quiet)
    found = list_registered(context_of(ctx), with_built_in=all_)
    output.remarks(found.problems, [])
    if not found.models:
        output.say("No models of your own. Register one: modelscan model add ID")
    output.document(
        found.models, lambda printer: show_registered(printer, found.models), (item.id for item in found.models)
    )


def inspect(ctx: typer.Context, model: RegisteredId, json: Json = False, quiet: Quiet = False) -> None:
    output = Output(json=json, quiet=quiet)
    found = inspect_model(context_of(ctx), model)
    output.document(found.model, lambda printer: show_inspected(printer, found), [found.model.id])
