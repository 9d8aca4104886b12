"""`modelscan weights verify`."""

from __future__ import annotations

import typer

from modelscan.cli.bulk import run_each
from modelscan.cli.options.shared import Json, Quiet, WeightsIds
from modelscan.cli.output.live import DeployView
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.weights import show_verified
from modelscan.verbs.carry.verify import Verification, verify_weights


def verify(ctx: typer.Context, ids: WeightsIds, json: Json = False, quiet: Quiet = False) -> int:
    output, context = Output(json=json, quiet=quiet), context_of(ctx)

    def one(reference: str) -> Verification:
        with DeployView(output, context.clock) as view:
            return verify_weights(context, reference, view.report)

    return run_each(ids, output, one, kind=Verification, key="id", show=show_verified)
