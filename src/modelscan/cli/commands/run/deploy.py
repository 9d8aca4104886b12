"""`modelscan deploy`: from a name to a healthy endpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modelscan import dataclasses
from modelscan.cli.asking import asker
from modelscan.cli.options.deploy import STARTING, takes_deploy_request, with_file
from modelscan.cli.options.shared import Json, Progress, Quiet, Yes
from modelscan.cli.output.live import DeployView
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.plan import show_plan
from modelscan.errors import Usage
from modelscan.running.allow_env import ask_for_variables
from modelscan.running.deploy import deploy_model
from modelscan.selecting.command import with_command
from modelscan.selecting.plan import plan_model, refuse_infeasible
from modelscan.selecting.requests import DeployRequest, beside_words


@takes_deploy_request
def deploy(
    ctx: typer.Context,
    request: DeployRequest,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            metavar="deployment.yaml",
            help="Deployment file from `plan --format yaml`; options override it.",
            rich_help_panel=STARTING,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the plan without deploying it.", rich_help_panel=STARTING)
    ] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Return as soon as the backend has started.", rich_help_panel=STARTING)
    ] = False,
    progress: Progress = None,
    yes: Yes = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    context = context_of(ctx)
    wanted = dataclasses.replace(request, wait=not no_wait)
    if file is not None:
        wanted = with_file(file, wanted)
    elif not wanted.plan.model:
        raise Usage("no model was given", hints=["modelscan deploy ID", "modelscan deploy --file deployment.yaml"])
    output = Output(json=json, quiet=quiet, progress=progress)
    asked = ask_for_variables(wanted.plan, request.plan.env, asker(output, yes=False))
    wanted = dataclasses.replace(wanted, plan=asked)
    if dry_run:
        planned = plan_model(context, wanted.plan, beside=beside_words(wanted))
        plan = with_command(context, planned, wanted)
        output.document(plan, lambda printer: show_plan(printer, plan))
        refuse_infeasible(planned.plan)
        return
    with DeployView(output, context.clock) as view:
        deployed = deploy_model(context, wanted, report=view.report, ask=asker(output, yes=yes))
    output.document(
        deployed.deployment, lambda printer: view.show_result(printer, deployed), [deployed.deployment.name]
    )
