"""`modelscan logs`."""

from __future__ import annotations

import typer

from modelscan.cli.options.logs import Follow, Since, Tail
from modelscan.cli.options.shared import Json, Name
from modelscan.cli.output.output import Output, to_json
from modelscan.cli.session import context_of
from modelscan.cli.signals import until_interrupted
from modelscan.verbs.manage.logs import log_lines


def logs(
    ctx: typer.Context,
    name: Name,
    follow: Follow = False,
    tail: Tail = None,
    since: Since = None,
    json: Json = False,
) -> None:
    with until_interrupted(reported=json or not follow):
        lines = log_lines(context_of(ctx), name, follow=follow, tail=tail, since=since)
        if json and not follow:
            Output(json=True).document(list(lines), lambda _: None)
            return
        for line in lines:
            typer.echo(to_json(line) if json else f"{line.at} {line.text}".strip())
