"""The name of a backend as an option or an argument, checked against the registry."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Annotated, Any

import typer

from modelscan.backends.registry import BACKENDS
from modelscan.targets.registry import HOSTS

RUN_BY = (*BACKENDS, *HOSTS)


def _one_of(names: Collection[str]) -> Callable[[str | None], str | None]:
    def known(value: str | None) -> str | None:
        """The name in lower case. Raises a usage error that lists them, worded as Typer words those of other lists."""
        if value is None or value.lower() in names:
            return value and value.lower()
        raise typer.BadParameter(f"{value!r} is not one of {', '.join(map(repr, names))}")

    return known


def _completing(names: Collection[str]) -> Callable[[str], list[str]]:
    return lambda incomplete: [name for name in names if name.startswith(incomplete.lower())]


def backend_option(panel: str) -> Any:
    return typer.Option(
        "--backend",
        help=f"Backend to run the model with: {', '.join(RUN_BY)}.",
        metavar="NAME",
        callback=_one_of(RUN_BY),
        autocompletion=_completing(RUN_BY),
        rich_help_panel=panel,
    )


BackendName = Annotated[
    str,
    typer.Argument(
        metavar="BACKEND",
        help=f"Name of a backend, such as {next(iter(BACKENDS))}.",
        callback=_one_of(BACKENDS),
        autocompletion=_completing(BACKENDS),
    ),
]


def require_variant(backend: str, variant: str | None) -> None:
    """Raise a usage error that lists what there is, for a variant that the backend does not have."""
    installs = BACKENDS[backend].installs
    known = installs.variants if installs is not None else {}
    if variant is None or variant in known:
        return
    which = f"one of {', '.join(map(repr, known))}" if known else f"{backend} comes in one alone"
    raise typer.BadParameter(f"{variant!r} is not {which}" if known else which, param_hint="--variant")


BackendVariant = Annotated[
    str | None,
    typer.Option(
        "--variant",
        metavar="WORD",
        help="Smaller environment, which serves some models only: `speech` of transformers.",
    ),
]
BackendVersion = Annotated[str | None, typer.Option("--version", metavar="V", help="Version of the backend.")]
