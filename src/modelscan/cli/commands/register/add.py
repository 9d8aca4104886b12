"""`modelscan model add`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modelscan.cli.options.shared import Json, Quiet
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.registered import show_one_line
from modelscan.model.registered import ModelType
from modelscan.registry.editing import parse_changes
from modelscan.units import parse_bytes, parse_tokens
from modelscan.verbs.register.add import add_model


def add(
    ctx: typer.Context,
    model: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Id of the model: owner/name or a name.", show_default=False)
    ] = None,
    type_: Annotated[
        ModelType | None, typer.Option("--type", help="What the model is for.", case_sensitive=False)
    ] = None,
    runtime: Annotated[
        str | None, typer.Option("--runtime", metavar="NAME", help="Backend that runs the model, or upstream.")
    ] = None,
    memory: Annotated[
        str | None, typer.Option("--memory", metavar="SIZE", help="Memory to claim where the shape is unknown.")
    ] = None,
    context_length: Annotated[
        str | None, typer.Option("--context-length", metavar="N", help="Context length to serve, such as 16k.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any key of an entry, such as defaults.temperature=0.2."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="TOML, JSON or YAML file with one entry.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    output = Output(json=json, quiet=quiet)
    own = {
        "type": type_,
        "runtime": runtime,
        "memory": parse_bytes(memory) if memory is not None else None,
        "context_length": parse_tokens(context_length) if context_length is not None else None,
    }
    changes = {key: value for key, value in own.items() if value is not None} | parse_changes(set_ or [])
    added = add_model(context_of(ctx), model, changes, file)
    output.document(added, lambda printer: show_one_line(printer, added, "registered"), [added.id])
