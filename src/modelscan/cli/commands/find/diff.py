"""`modelscan catalog diff`."""

from __future__ import annotations

import typer

from modelscan.cli.options.shared import Json, Quiet
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.catalogs import show_difference
from modelscan.verbs.find.refresh import catalog_difference


def diff(ctx: typer.Context, json: Json = False, quiet: Quiet = False) -> None:
    output = Output(json=json, quiet=quiet)
    found = catalog_difference(context_of(ctx))
    if found.before == found.after:
        output.say("No refresh has changed anything yet. Fetch the catalogs: modelscan catalog refresh")
    names = dict.fromkeys((*found.new, *found.gone, *(change.id for change in found.changed)))
    output.document(found, lambda printer: show_difference(printer, found), names)
