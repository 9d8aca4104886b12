"""`modelscan deploy`: from a name to a healthy endpoint."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options import Json, Quiet, Yes
from modelscan.cli.output import Output
from modelscan.cli.plan_options import takes_plan_request
from modelscan.cli.session import session
from modelscan.cli.words import ProgressWord, RestartWord, TargetWord
from modelscan.model import PlanRequest

_SERVING, _STARTING = "How it is served", "How it starts"


@takes_plan_request
def deploy(
    ctx: typer.Context,
    request: PlanRequest,
    name: Annotated[
        str | None,
        typer.Option("--name", help="Its name; the last part of the id by default.", rich_help_panel=_SERVING),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=1, max=65535, help="Its port; 8080 or the next free one.", rich_help_panel=_SERVING),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", help="Its address; only loopback for now.", rich_help_panel=_SERVING)
    ] = "127.0.0.1",
    api_key_env: Annotated[
        str | None,
        typer.Option(
            "--api-key-env", metavar="VAR", help="Ask callers for the key in this variable.", rich_help_panel=_SERVING
        ),
    ] = None,
    restart: Annotated[
        RestartWord | None,
        typer.Option(
            "--restart",
            case_sensitive=False,
            help="When the backend dies.",
            show_default="no",
            rich_help_panel=_SERVING,
        ),
    ] = None,
    idle_timeout: Annotated[
        str | None,
        typer.Option(
            "--idle-timeout",
            metavar="30m|2h",
            help="Stop it when nobody has used it for so long.",
            rich_help_panel=_SERVING,
        ),
    ] = None,
    target: Annotated[
        TargetWord,
        typer.Option("--target", case_sensitive=False, help="Where it runs.", rich_help_panel=_SERVING),
    ] = TargetWord.LOCAL,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Take the place of another deployment of this name.", rich_help_panel=_SERVING),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the plan, do nothing.", rich_help_panel=_STARTING)
    ] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Return once the backend is started.", rich_help_panel=_STARTING)
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout", min=0.1, metavar="S", help="Give up after so many seconds.", rich_help_panel=_STARTING
        ),
    ] = None,
    stall_timeout: Annotated[
        float | None,
        typer.Option(
            "--stall-timeout",
            min=1,
            metavar="S",
            help="Give up after so many seconds without progress.",
            show_default="600",
            rich_help_panel=_STARTING,
        ),
    ] = None,
    progress: Annotated[
        ProgressWord | None,
        typer.Option("--progress", help="jsonl: one event per line on stderr.", rich_help_panel=_STARTING),
    ] = None,
    yes: Yes = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Plan, start and watch a model until it answers; then print its address."""
    from modelscan.cli.asking import asker
    from modelscan.cli.live import DeployView
    from modelscan.cli.views.plan import show_plan
    from modelscan.operations.deploy import deploy_model
    from modelscan.operations.planning import plan_model, refuse_infeasible
    from modelscan.operations.requests import DeployRequest, parse_idle_timeout

    context = session(ctx).context
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
