"""`modelscan env`: environment variables for clients."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options.shared import Json, Name
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.env import show_env
from modelscan.verbs.connect.env import model_env


def env(
    ctx: typer.Context,
    name: Name,
    direct: Annotated[
        bool, typer.Option("--direct", help="The deployment's own address, also where the gateway runs.")
    ] = False,
    json: Json = False,
) -> None:
    show_env(Output(json=json), model_env(context_of(ctx), name, direct=direct))
