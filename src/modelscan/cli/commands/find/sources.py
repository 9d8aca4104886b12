"""`modelscan catalog sources`."""

from __future__ import annotations

import typer

from modelscan.cli.options.shared import Json, Quiet
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.catalogs import show_sources
from modelscan.verbs.find.search import catalog_sources


def sources(ctx: typer.Context, json: Json = False, quiet: Quiet = False) -> None:
    output = Output(json=json, quiet=quiet)
    context = context_of(ctx)
    states, index = catalog_sources(context)
    output.notice(index.notice)
    today = context.clock.now().date()
    output.document(states, lambda printer: show_sources(printer, states, today), (state.name for state in states))
