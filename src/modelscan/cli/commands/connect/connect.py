"""`modelscan connect`: settings of other programs, merged and proven."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated

import typer

from modelscan.cli.asking import asker
from modelscan.cli.options.complete import complete_deployment
from modelscan.cli.options.shared import Json, Yes
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.connect import say_steps, show_connection, show_difference, show_printed
from modelscan.errors import Usage
from modelscan.exports.clients.registry import CLIENTS
from modelscan.verbs.connect.connect import connect_client, disconnect_client, shown_client


def _complete(incomplete: str) -> Iterator[str]:
    yield from (name for name in CLIENTS if name.startswith(incomplete))


def connect(
    ctx: typer.Context,
    tool: Annotated[
        str,
        typer.Argument(
            metavar="TOOL",
            help="llm, aider, opencode, claude-code, continue, zed, vscode, open-webui, or env.",
            autocompletion=_complete,
            show_default=False,
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME",
            help="Deployment to connect it to; by default the one that became ready last.",
            autocompletion=complete_deployment,
        ),
    ] = None,
    print_: Annotated[
        bool, typer.Option("--print", help="Print the settings, without writing or asking anything.")
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take back what an earlier connect wrote, and nothing else.")
    ] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    context, output, tool = context_of(ctx), Output(json=json), tool.lower()
    if print_ and remove:
        raise Usage("`--print` and `--remove` exclude each other", hints=["modelscan connect --help"])
    if print_:
        shown = shown_client(context, tool, model=model)
        output.document(shown, lambda printer: show_printed(printer, shown))
        return
    ask, show = asker(output, yes=yes), partial(show_difference, output)
    if remove:
        done = disconnect_client(context, tool, ask=ask, show=show)
        text = f"{done.title} is disconnected" if done.changed else f"Nothing to do: {done.title} was not connected"
    else:
        done = connect_client(context, tool, model=model, ask=ask, show=show)
        proof = ", which answered a request" if done.proven else ""
        begin = "Nothing to do: " if done.files and not done.changed else ""
        text = f"{begin}{done.title} uses `{done.deployment}` at {done.base_url}{proof}"
    output.document(done, lambda printer: show_connection(printer, done))
    output.say(text)
    say_steps(output, done)
