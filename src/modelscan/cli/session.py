"""What one command line carries: its settings, made when first needed, and the operations' context."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import typer

from modelscan.selecting.context import Context
from modelscan.settings.reading import Settings, load_settings, process_environment


@dataclass
class Session:
    """Global options. Reading configuration is put off until a command needs it, so that `--help` never fails."""

    config_file: Path | None = None
    offline: bool | None = None

    @functools.cached_property
    def settings(self) -> Settings:
        return load_settings(
            process_environment(), config_file=self.config_file, flags={"offline": self.offline or None}
        )

    @functools.cached_property
    def context(self) -> Context:
        return Context(settings=self.settings)


def session(ctx: typer.Context) -> Session:
    """The session of a command's context."""
    found = ctx.obj
    assert isinstance(found, Session)  # noqa: S101  the root callback put it there
    return found
