"""`modelscan catalog refresh`."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.catalog.refresh.refresh import NAMES
from modelscan.cli.options.complete import complete_words
from modelscan.cli.options.shared import Json, Progress, Quiet
from modelscan.cli.output.live import FetchView
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.catalogs import show_refresh
from modelscan.verbs.find.refresh import insecure_sources, refresh_catalog


def refresh(
    ctx: typer.Context,
    source: Annotated[
        str | None,
        typer.Option(
            "--source", metavar="SOURCE", help="Refresh only this source.", autocompletion=complete_words(NAMES)
        ),
    ] = None,
    progress: Progress = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    context, output = context_of(ctx), Output(json=json, quiet=quiet, progress=progress)
    output.remarks(insecure_sources(context), [])
    with FetchView(output, context.clock) as view:
        report = refresh_catalog(context, source, view.say)
    output.document(report, lambda printer: show_refresh(printer, report), (item.name for item in report.sources))
