"""`modelscan catalog add`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modelscan.cli.options.shared import Json, Quiet
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.catalogs import show_added
from modelscan.verbs.find.add import add_to_catalog


def add(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="TOML or YAML file with one model in the format of models.dev, or a list of models."
        ),
    ],
    replace: Annotated[bool, typer.Option("--replace", help="Replace an existing entry of the same name.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    output = Output(json=json, quiet=quiet)
    added = add_to_catalog(context_of(ctx), file, replace=replace)
    output.remarks(added.warnings, [])
    output.document(added, lambda printer: show_added(printer, added), added.models)
