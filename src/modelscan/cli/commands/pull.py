"""`modelscan pull`: weights ahead of their deployment."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options.complete import complete_model
from modelscan.cli.options.shared import Json, Quiet, Yes
from modelscan.cli.options.words import ProgressWord, SourceWord, complete_quantization, one_of, quantization_word
from modelscan.cli.output.output import Output
from modelscan.cli.session import session
from modelscan.errors import Interrupted


def pull(
    ctx: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID]...",
            help="Models, repos or folders; without any, those in the variable MODELS, separated by commas.",
            autocompletion=complete_model,
            show_default=False,
        ),
    ] = None,
    quantization: Annotated[
        str | None,
        typer.Option(
            "--quantization",
            help="FP32, BF16, FP16, FP8, INT8, INT4, FP4, MXFP4, NVFP4, AWQ, GPTQ, or a GGUF name.",
            metavar="FP8",
            callback=quantization_word,
            autocompletion=complete_quantization,
        ),
    ] = None,
    source: Annotated[
        SourceWord | None,
        typer.Option(
            "--source", metavar="SOURCE", help=f"Take the weights from {one_of(SourceWord)}.", case_sensitive=False
        ),
    ] = None,
    revision: Annotated[
        str | None, typer.Option("--revision", metavar="REVISION", help="A branch, tag or commit of the repo.")
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="PATH|s3://…", help="Into a plain folder, or to S3; the hub's own cache by default."
        ),
    ] = None,
    allow_pickle: Annotated[
        bool, typer.Option("--allow-pickle", help="Also weights that are pickles, which can run code.")
    ] = False,
    trust_remote_code: Annotated[
        bool, typer.Option("--trust-remote-code", help="Show the repo's code now, and agree to it.")
    ] = False,
    progress: Annotated[
        ProgressWord | None, typer.Option("--progress", help="jsonl: one event per line on stderr.")
    ] = None,
    yes: Yes = False,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Download what deploy would take here, checked and ready for use without a network."""
    from modelscan.cli.asking import asker
    from modelscan.cli.bulk import run_each
    from modelscan.cli.output.live import DeployView
    from modelscan.cli.views.weights import show_pulled
    from modelscan.verbs.carry.pull import Pulled, PullRequest, pull_model, refuse_one_target

    context = session(ctx).context
    output = Output(json=json, quiet=quiet, progress=progress.value if progress else None)
    names = ids or list(context.settings.models)
    if not names:
        raise typer.BadParameter("name the models, or set the variable MODELS", param_hint="ID")
    refuse_one_target(names, to)
    wanted = PullRequest(
        quantization=quantization,
        source=source.value if source else None,
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
                f"interrupted: what came of `{reference}` is kept",
                hints=[f"to go on where it stopped: modelscan pull {reference}"],
            ) from None

    return run_each(names, output, one, kind=Pulled, key="id", show=show_pulled)
