"""`modelscan run`: from a name to an answer."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.asking import asker
from modelscan.cli.conversation import Conversation, read_prompt
from modelscan.cli.options.deploy import takes_deploy_request
from modelscan.cli.options.shared import Json, Progress, Yes
from modelscan.cli.output.live import DeployView
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.selecting.requests import DeployRequest
from modelscan.verbs.run.run import Sampling, answering_deployment

_ANSWER = "Answer"


@takes_deploy_request
def run(
    ctx: typer.Context,
    request: DeployRequest,
    prompt: Annotated[
        str | None,
        typer.Argument(
            metavar="[PROMPT]",
            help="Question to ask; piped input is appended. Without one, start a chat.",
            show_default=False,
        ),
    ] = None,
    system: Annotated[
        str | None, typer.Option("--system", metavar="TEXT", help="System prompt.", rich_help_panel=_ANSWER)
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(
            "--max-tokens", min=1, metavar="N", help="Maximum number of tokens to generate.", rich_help_panel=_ANSWER
        ),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(
            "--temperature",
            min=0.0,
            metavar="T",
            help="Sampling temperature; 0 for repeatable answers.",
            rich_help_panel=_ANSWER,
        ),
    ] = None,
    progress: Progress = None,
    yes: Yes = False,
    json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the answer.")] = False,
) -> None:
    context = context_of(ctx)
    output = Output(json=json, quiet=quiet, progress=progress)
    question = read_prompt(prompt, output)
    with DeployView(output, context.clock, decisions_are_talk=True) as view:
        deployment = answering_deployment(context, request, report=view.report, ask=asker(output, yes=yes))
    sampling = Sampling(max_tokens=max_tokens, temperature=temperature)
    conversation = Conversation(context, deployment, output, system=system, sampling=sampling)
    if question is None:
        conversation.chat()
    else:
        conversation.ask(question)
