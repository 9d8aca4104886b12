"""`modelscan env`: environment variables for clients."""

from __future__ import annotations

import typer

from modelscan.cli.options.shared import Json, Name
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.env import show_env
from modelscan.verbs.connect.env import deployment_env


def env(ctx: typer.Context, name: Name, json: Json = False) -> None:
    show_env(Output(json=json), deployment_env(context_of(ctx), name))
