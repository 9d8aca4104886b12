"""`modelscan run`: from a name to an answer."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options.deploy import (
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
from modelscan.cli.options.shared import Json, Yes
from modelscan.cli.output.output import Output
from modelscan.cli.session import session
from modelscan.model import PlanRequest

_ANSWER = "How it answers"


@takes_plan_request
def run(
    ctx: typer.Context,
    request: PlanRequest,
    prompt: Annotated[
        str | None,
        typer.Argument(
            metavar="[PROMPT]",
            help="What to ask; what is piped in is added to it. A chat without one.",
            show_default=False,
        ),
    ] = None,
    system: Annotated[
        str | None, typer.Option("--system", metavar="TEXT", help="What the model is to be.", rich_help_panel=_ANSWER)
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option("--max-tokens", min=1, metavar="N", help="The longest answer.", rich_help_panel=_ANSWER),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(
            "--temperature", min=0.0, metavar="T", help="0 answers the same each time.", rich_help_panel=_ANSWER
        ),
    ] = None,
    name: NameOption = None,
    port: Port = None,
    api_key_env: ApiKeyEnv = None,
    restart: Restart = None,
    idle_timeout: IdleTimeout = None,
    replace: Replace = False,
    timeout: Timeout = None,
    stall_timeout: StallTimeout = None,
    progress: Progress = None,
    yes: Yes = False,
    json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the answer only.")] = False,
) -> None:
    """Ask a model, which is deployed first if it is not running. Ctrl-C ends an answer, Ctrl-D a chat."""
    from modelscan.cli.asking import asker
    from modelscan.cli.conversation import Conversation, read_prompt
    from modelscan.cli.output.live import DeployView
    from modelscan.selecting.requests import DeployRequest, parse_idle_timeout
    from modelscan.verbs.run.run import Sampling, answering_deployment

    context = session(ctx).context
    output = Output(json=json, quiet=quiet, progress=progress.value if progress else None)
    question = read_prompt(prompt, output)
    wanted = DeployRequest(
        plan=request,
        name=name,
        port=port,
        api_key_env=api_key_env,
        restart=restart.value if restart else None,
        replace=replace,
        timeout=timeout,
        stall_timeout=stall_timeout,
        idle_timeout=parse_idle_timeout(idle_timeout) if idle_timeout else None,
    )
    with DeployView(output, context.clock, decisions_are_talk=True) as view:
        deployment = answering_deployment(context, wanted, report=view.report, ask=asker(output, yes=yes))
    sampling = Sampling(max_tokens=max_tokens, temperature=temperature)
    conversation = Conversation(context, deployment, output, system=system, sampling=sampling)
    if question is None:
        conversation.chat()
    else:
        conversation.ask(question)
