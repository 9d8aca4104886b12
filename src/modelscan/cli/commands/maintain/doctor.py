"""`modelscan doctor`: what is wrong here, and what to do about it."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options.shared import Json, Quiet
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.doctor import show_report
from modelscan.verbs.maintain.doctor import examine


def doctor(
    ctx: typer.Context,
    reap: Annotated[
        bool, typer.Option("--reap", help="Stop orphaned backend processes and update the routes.")
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    report = examine(context_of(ctx), reap=reap)
    Output(json=json, quiet=quiet).document(
        report, lambda printer: show_report(printer, report), (check.name for check in report if check.status != "ok")
    )
    return 1 if any(check.status == "problem" for check in report) else 0
