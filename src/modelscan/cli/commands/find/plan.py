"""`modelscan plan`: what deploy would do and why, without changing anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from modelscan.cli.options.plan import takes_plan_request
from modelscan.cli.options.shared import Json
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.plan import show_command, show_file, show_plan
from modelscan.errors import Usage
from modelscan.model import PlanRequest
from modelscan.selecting.deployment_file import overridden, read_deployment_file
from modelscan.selecting.plan import explained, faults_beside, plan_model, refuse_infeasible


@takes_plan_request
def plan(
    ctx: typer.Context,
    request: PlanRequest,
    hardware: Annotated[
        str | None,
        typer.Option(
            "--hardware",
            metavar="SPEC",
            help="Machine to plan for: rtx-4090, 8xh100-80gb, cpu:64gb, or a file from `gpu --json`.",
        ),
    ] = None,
    alternatives: Annotated[
        int, typer.Option("--alternatives", min=0, metavar="N", help="Number of alternatives to show.")
    ] = 3,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", metavar="deployment.yaml", help="Deployment file from `--format yaml`; options override it."
        ),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show the memory calculation line by line.")] = False,
    format_: Annotated[
        Literal["text", "json", "yaml", "command"],
        typer.Option(
            "--format", case_sensitive=False, help="Output format; yaml is a deployment file, command a shell line."
        ),
    ] = "text",
    json: Json = False,
) -> None:
    if file is not None:
        request = overridden(read_deployment_file(file).request, request)
    elif not request.model:
        raise Usage("no model was given", hints=["modelscan plan ID", "modelscan plan --file deployment.yaml"])
    if json and format_ not in {"text", "json"}:
        raise Usage(
            f"`--json` and `--format {format_}` exclude each other", hints=[f"leave out --json, or --format {format_}"]
        )
    output = Output(json=json or format_ == "json")
    planned = plan_model(context_of(ctx), request, described_hardware=hardware, alternatives=alternatives)
    output.remarks((*planned.resolved.warnings, *faults_beside(planned.plan)), planned.resolved.notes)
    if format_ == "command":
        output.document(planned.plan, lambda printer: show_command(printer, planned.plan))
    elif format_ == "yaml":
        output.document(planned.plan, lambda printer: show_file(printer, planned))
    else:
        lines = explained(planned) if explain else ()
        here = hardware is None
        output.document(planned.plan, lambda printer: show_plan(printer, planned.plan, arithmetic=lines, here=here))
    refuse_infeasible(planned.plan)
