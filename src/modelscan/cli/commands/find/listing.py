"""`modelscan catalog list`."""

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
from modelscan.verbs.find import search

Limit = Annotated[
    int | None,
    typer.Option("--limit", min=1, metavar="N", help="Maximum number of models to show.", show_default="all"),
]


def list_models(
    ctx: typer.Context,
    limit: Limit = None,
    task: TaskOption = None,
    capability: CapabilityOption = None,
    max_params: MaxParams = None,
    license_: License = None,
    source: SourceOption = None,
    open_: Open = False,
    fits: FitsOption = False,
    hardware: HardwareOption = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    output = Output(json=json, quiet=quiet)
    machine = machine_for(hardware, fits=fits)
    wanted = filters(task, capability, max_params, license_, source, open_)
    found = search.list_models(context_of(ctx), limit=limit, filters=wanted, fits=fits, hardware=machine)
    output.notice(found.notice)
    output.document(found.models, lambda printer: show_models(printer, found.models), (m.id for m in found.models))
