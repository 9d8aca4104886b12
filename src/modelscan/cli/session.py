"""From a command's Typer context to the settings and the context that its verb takes."""

from __future__ import annotations

import typer

from modelscan.cli.global_options import GlobalOptions
from modelscan.selecting.context import Context
from modelscan.settings.environment import process_environment
from modelscan.settings.reading import Settings, load_settings


def settings_of(ctx: typer.Context) -> Settings:
    """The settings under this command's global options. Raises ConfigInvalid."""
    options = ctx.obj
    assert isinstance(options, GlobalOptions)  # noqa: S101  the root callback put it there
    return load_settings(
        process_environment(), config_file=options.config_file, flags={"offline": options.offline or None}
    )


def context_of(ctx: typer.Context) -> Context:
    """The context for verbs. Reads the configuration, once per command and only when one runs."""
    return Context(settings=settings_of(ctx))
