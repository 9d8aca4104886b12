"""`modelscan pull`: download weights ahead of time."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.asking import asker
from modelscan.cli.bulk import run_each
from modelscan.cli.options.complete import complete_deployable
from modelscan.cli.options.quantization import quantization_option
from modelscan.cli.options.shared import Json, Progress, Quiet, Yes
from modelscan.cli.options.words import one_of
from modelscan.cli.output.live import DeployView
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.weights import show_pulled
from modelscan.errors import Interrupted
from modelscan.model import Source
from modelscan.verbs.carry.pull import Pulled, PullRequest, pull_model, refuse_one_target


def pull(
    ctx: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID]...",
            help="Models, repos or folders; by default those in the variable MODELS, separated by commas.",
            autocompletion=complete_deployable,
            show_default=False,
        ),
    ] = None,
    quantization: Annotated[str | None, quantization_option()] = None,
    source: Annotated[
        Source | None,
        typer.Option(
            "--source", metavar="SOURCE", help=f"Where to get the weights: {one_of(Source)}.", case_sensitive=False
        ),
    ] = None,
    revision: Annotated[
        str | None, typer.Option("--revision", metavar="REVISION", help="Branch, tag or commit of the repo.")
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="PATH|s3://…", help="Destination folder or S3 address; by default the cache of the hub."
        ),
    ] = None,
    allow_pickle: Annotated[
        bool, typer.Option("--allow-pickle", help="Allow pickled weights, which can run code when loaded.")
    ] = False,
    trust_remote_code: Annotated[
        bool, typer.Option("--trust-remote-code", help="Review and approve Python code from the repo now.")
    ] = False,
    progress: Progress = None,
    yes: Yes = False,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    context = context_of(ctx)
    output = Output(json=json, quiet=quiet, progress=progress)
    names = ids or list(context.settings.weights.models)
    if not names:
        raise typer.BadParameter("name the models to download, or set the variable MODELS", param_hint="ID")
    refuse_one_target(names, to)
    wanted = PullRequest(
        quantization=quantization,
        source=source,
        revision=revision,
        to=to,
        allow_pickle=allow_pickle,
        trust_remote_code=trust_remote_code,
    )
    ask = asker(output, yes=yes)

    def one(reference: str) -> Pulled:
        try:
            with DeployView(output, context.clock) as view:
                return pull_model(context, reference, wanted, report=view.report, ask=ask)
        except KeyboardInterrupt:
            raise Interrupted(
                f"interrupted: the downloaded part of `{reference}` is kept",
                hints=[f"to resume: modelscan pull {reference}"],
            ) from None

    return run_each(names, output, one, kind=Pulled, key="id", show=show_pulled)
