"""`modelscan catalog info`."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options.complete import complete_model
from modelscan.cli.options.shared import Json, Quiet
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.models import show_model
from modelscan.verbs.find.info import model_info


def info(
    ctx: typer.Context,
    model: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="Model id, alias, repo, name or folder.",
            autocompletion=complete_model,
            show_default=False,
        ),
    ],
    fits: Annotated[
        bool, typer.Option("--fits", help="Also show whether the model fits this machine, and how.")
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    output = Output(json=json, quiet=quiet)
    described = model_info(context_of(ctx), model, fits=fits)
    output.notice(described.notice)
    output.remarks(described.warnings, described.notes)
    output.document(described.model, lambda printer: show_model(printer, described.model), [described.model.id])
