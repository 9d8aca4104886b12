"""`modelscan backend install`."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.backends.registry import BACKENDS
from modelscan.cli.options.backend import BackendName, BackendVariant, BackendVersion, require_variant
from modelscan.cli.options.shared import Json, Progress, Quiet
from modelscan.cli.output.live import InstallView
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.backends import show_installed
from modelscan.running.installing import add_reader, install_backend


def install(
    ctx: typer.Context,
    backend: BackendName,
    version: BackendVersion = None,
    variant: BackendVariant = None,
    s3: Annotated[bool, typer.Option("--s3", help="Also install the reader for weights in S3.")] = False,
    progress: Progress = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    if s3 and BACKENDS[backend].runs.s3_problem is not None:
        readers = " or ".join(name for name, item in BACKENDS.items() if item.runs.s3_problem is None)
        raise typer.BadParameter(f"only {readers} can read weights from S3", param_hint="--s3")
    require_variant(backend, variant)
    output = Output(json=json, quiet=quiet, progress=progress)
    context = context_of(ctx)
    with InstallView(output, context.clock) as view:
        installed = install_backend(context, backend, version, variant=variant, on_line=view.line)
        if s3:
            installed = add_reader(context, installed, on_line=view.line)
    output.document(installed, lambda printer: show_installed(printer, installed), [installed.path])
