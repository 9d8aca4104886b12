"""The name of a backend as an option or an argument, checked against the registry."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from modelscan.backends.registry import BACKENDS


def _known(value: str | None) -> str | None:
    """The name in lower case. Raises a usage error that lists them, worded as Typer words those of other lists."""
    if value is None or value.lower() in BACKENDS:
        return value and value.lower()
    raise typer.BadParameter(f"{value!r} is not one of {', '.join(map(repr, BACKENDS))}")


def _complete(incomplete: str) -> list[str]:
    return [name for name in BACKENDS if name.startswith(incomplete.lower())]


def backend_option(panel: str) -> Any:
    return typer.Option(
        "--backend",
        help=f"Backend to run the model with: {', '.join(BACKENDS)}.",
        metavar="NAME",
        callback=_known,
        autocompletion=_complete,
        rich_help_panel=panel,
    )


BackendName = Annotated[
    str,
    typer.Argument(
        metavar="BACKEND",
        help=f"Name of a backend, such as {next(iter(BACKENDS))}.",
        callback=_known,
        autocompletion=_complete,
    ),
]
BackendVersion = Annotated[str | None, typer.Option("--version", metavar="V", help="Version of the backend.")]
