"""`modelscan deploy`: from a name to a healthy endpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modelscan.cli.options.deploy import (
    SERVING,
    STARTING,
    ApiKeyEnv,
    IdleTimeout,
    NameOption,
    Port,
    Progress,
    Replace,
    Restart,
    StallTimeout,
    Timeout,
)
from modelscan.cli.options.plan import takes_plan_request
from modelscan.cli.options.shared import Json, Quiet, Yes
from modelscan.cli.options.words import TargetWord
from modelscan.cli.output.output import Output
from modelscan.cli.session import session
from modelscan.errors import Usage
from modelscan.model import PlanRequest


@takes_plan_request
def deploy(
    ctx: typer.Context,
    request: PlanRequest,
    name: NameOption = None,
    port: Port = None,
    host: Annotated[
        str, typer.Option("--host", metavar="HOST", help="Its address; only loopback for now.", rich_help_panel=SERVING)
    ] = "127.0.0.1",
    api_key_env: ApiKeyEnv = None,
    restart: Restart = None,
    idle_timeout: IdleTimeout = None,
    target: Annotated[
        TargetWord,
        typer.Option("--target", case_sensitive=False, help="Where it runs.", rich_help_panel=SERVING),
    ] = TargetWord.LOCAL,
    replace: Replace = False,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            metavar="deployment.yaml",
            help="What `plan --format yaml` wrote; options count more.",
            rich_help_panel=STARTING,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the plan, do nothing.", rich_help_panel=STARTING)
    ] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Return once the backend is started.", rich_help_panel=STARTING)
    ] = False,
    timeout: Timeout = None,
    stall_timeout: StallTimeout = None,
    progress: Progress = None,
    yes: Yes = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Plan, start and watch a model until it answers; then print its address."""
    from modelscan.cli.asking import asker
    from modelscan.cli.output.live import DeployView
    from modelscan.cli.views.plan import show_plan
    from modelscan.running.deploy import deploy_model
    from modelscan.selecting.plan import plan_model, refuse_infeasible
    from modelscan.selecting.requests import DeployRequest, parse_idle_timeout

    context = session(ctx).context
    if file is not None:
        from modelscan.selecting.deployment_file import overridden, read_deployment_file

        kept = read_deployment_file(file)
        request, name, port = overridden(kept.request, request), name or kept.name, port or kept.port
    elif not request.model:
        raise Usage("nothing was named", hints=["modelscan deploy ID", "modelscan deploy --file deployment.yaml"])
    output = Output(json=json, quiet=quiet, progress=progress.value if progress else None)
    if dry_run:
        planned = plan_model(context, request)
        output.document(planned.plan, lambda printer: show_plan(printer, planned.plan))
        refuse_infeasible(planned.plan)
        return
    wanted = DeployRequest(
        plan=request,
        name=name,
        target=target.value,
        port=port,
        host=host,
        api_key_env=api_key_env,
        restart=restart.value if restart else None,
        replace=replace,
        wait=not no_wait,
        timeout=timeout,
        stall_timeout=stall_timeout,
        idle_timeout=parse_idle_timeout(idle_timeout) if idle_timeout else None,
    )
    with DeployView(output, context.clock) as view:
        deployed = deploy_model(context, wanted, report=view.report, ask=asker(output, yes=yes))
    output.document(
        deployed.deployment, lambda printer: view.show_result(printer, deployed), [deployed.deployment.name]
    )
