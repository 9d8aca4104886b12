"""`modelscan model export`."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options.complete import complete_registered
from modelscan.cli.options.shared import Json
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.exports.seeds import SeedFormat, seeds_text
from modelscan.verbs.register.export import export_models


def export(
    ctx: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID]...",
            help="Ids of registered models; by default all but the built-in ones.",
            autocompletion=complete_registered,
            show_default=False,
        ),
    ] = None,
    form: Annotated[SeedFormat, typer.Option("--format", help="Where the seeds go.", case_sensitive=False)] = "env",
    json: Json = False,
) -> None:
    output, context = Output(json=json), context_of(ctx)
    found = export_models(context, ids or ())
    output.remarks(found.left_out, [])
    text = seeds_text(found.documents, form, context.settings.seed_models.prefix)
    output.document(found.documents, lambda printer: printer.line(text.rstrip("\n")) if text else None)
