"""`modelscan plan`: what deploy would do and why, without changing anything."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from modelscan import dataclasses
from modelscan.cli.options.complete import complete_hardware
from modelscan.cli.options.deploy import takes_deploy_request, with_file
from modelscan.cli.options.shared import Json
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.plan import show_command, show_file, show_plan
from modelscan.errors import Usage
from modelscan.model import HUB_SOURCES, Plan
from modelscan.selecting.command import with_command
from modelscan.selecting.plan import explained, faults_beside, plan_model, refuse_infeasible
from modelscan.selecting.requests import DeployRequest, beside_words, option_words


@takes_deploy_request
def plan(
    ctx: typer.Context,
    request: DeployRequest,
    hardware: Annotated[
        str | None,
        typer.Option(
            "--hardware",
            metavar="SPEC",
            help="Machine to plan for: rtx-4090, 8xh100-80gb, rtx-4090+64gib-ram, cpu:64gb, or a `gpu --json` file.",
            autocompletion=complete_hardware,
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
        request = with_file(file, request)
    elif not request.plan.model:
        raise Usage("no model was given", hints=["modelscan plan ID", "modelscan plan --file deployment.yaml"])
    if json and format_ not in {"text", "json"}:
        raise Usage(
            f"`--json` and `--format {format_}` exclude each other", hints=[f"leave out --json, or --format {format_}"]
        )
    output = Output(json=json or format_ == "json")
    context = context_of(ctx)
    beside = beside_words(request)
    planned = plan_model(context, request.plan, described_hardware=hardware, alternatives=alternatives, beside=beside)
    output.remarks((*planned.plan.warnings, *faults_beside(planned.plan)), planned.plan.notes)
    shown = with_command(context, planned, request)
    if format_ == "command":
        output.document(shown, lambda printer: show_command(printer, shown))
    elif format_ == "yaml":
        output.document(shown, lambda printer: show_file(printer, planned))
    else:
        lines = explained(planned) if explain else ()
        line = None if hardware is not None else _deploy_line(request, file, planned.plan)
        output.document(shown, lambda printer: show_plan(printer, shown, arithmetic=lines, run=line))
    refuse_infeasible(planned.plan)


def _deploy_line(request: DeployRequest, file: Path | None, plan: Plan) -> str:
    """The command that deploys this plan, to paste anywhere: a folder is named by its whole path."""
    if file is not None:
        return f"modelscan deploy --file {shlex.quote(str(file.absolute()))}"
    if plan.chosen is not None and "/" not in plan.model and plan.chosen.source not in HUB_SOURCES:
        named = dataclasses.replace(request.plan, model=plan.chosen.repo_id)
        request = dataclasses.replace(request, plan=named)
    return " ".join(["modelscan deploy", *option_words(request)])
