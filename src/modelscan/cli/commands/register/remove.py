"""`modelscan model remove`."""

from __future__ import annotations

import typer

from modelscan.cli.bulk import run_each
from modelscan.cli.options.shared import Json, Quiet, RegisteredIds
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.registered import show_removed_model
from modelscan.verbs.register.remove import RemovedModel, remove_model


def remove(ctx: typer.Context, ids: RegisteredIds, json: Json = False, quiet: Quiet = False) -> int:
    output, context = Output(json=json, quiet=quiet), context_of(ctx)

    def one(reference: str) -> RemovedModel:
        return remove_model(context, reference)

    return run_each(ids, output, one, kind=RemovedModel, key="id", show=show_removed_model)
