"""`modelscan catalog search`."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.commands.find.filters import (
    CapabilityOption,
    FitsOption,
    HardwareOption,
    License,
    MaxParams,
    Open,
    SourceOption,
    TaskOption,
    filters,
    machine_for,
)
from modelscan.cli.options.shared import Json, Quiet
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.models import show_models
from modelscan.verbs.find.search import search_hub_models, search_models


def search(
    ctx: typer.Context,
    query: Annotated[list[str], typer.Argument(metavar="QUERY...", help="Words of a name, family, task or size.")],
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="Maximum number of models to show.")] = 20,
    task: TaskOption = None,
    capability: CapabilityOption = None,
    max_params: MaxParams = None,
    license_: License = None,
    source: SourceOption = None,
    open_: Open = False,
    fits: FitsOption = False,
    hardware: HardwareOption = None,
    hub: Annotated[bool, typer.Option("--hub", help="Search Hugging Face instead of the catalogs.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    output = Output(json=json, quiet=quiet)
    machine = machine_for(hardware, fits=fits)
    wanted = filters(task, capability, max_params, license_, source, open_)
    context = context_of(ctx)
    if hub:
        found = search_hub_models(context, query, limit=limit, filters=wanted)
    else:
        found = search_models(context, query, limit=limit, filters=wanted, fits=fits, hardware=machine, whole=json)
    output.notice(found.notice)
    output.remarks((), found.notes)
    if not found.models:
        output.say("No matching models. Try fewer words, or: modelscan catalog list --open")
    output.document(found.models, lambda printer: show_models(printer, found.models), (m.id for m in found.models))
