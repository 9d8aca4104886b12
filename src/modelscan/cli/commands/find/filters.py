"""The filters that `catalog search` and `catalog list` share."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.catalog.index.filters import Filters
from modelscan.catalog.naming.names import largest_called
from modelscan.cli.options.complete import complete_hardware, complete_source
from modelscan.cli.options.words import one_of
from modelscan.errors import Usage
from modelscan.model.words import Capability, Task
from modelscan.units import parse_count

TaskOption = Annotated[
    Task | None,
    typer.Option("--task", metavar="TASK", case_sensitive=False, help=f"Only models for this task: {one_of(Task)}."),
]
CapabilityOption = Annotated[
    Capability | None,
    typer.Option(
        "--capability",
        metavar="CAPABILITY",
        case_sensitive=False,
        help=f"Only models with this capability: {one_of(Capability)}.",
    ),
]
MaxParams = Annotated[
    str | None,
    typer.Option("--max-params", metavar="14b", help="Only models with at most this many parameters, such as 14b."),
]
License = Annotated[
    str | None, typer.Option("--license", metavar="LICENSE", help="Only models with this license, such as apache-2.0.")
]
SourceOption = Annotated[
    str | None,
    typer.Option(
        "--source", metavar="SOURCE", help="Only models from this catalog source.", autocompletion=complete_source
    ),
]
Open = Annotated[bool, typer.Option("--open", help="Hide closed models.")]
FitsOption = Annotated[bool, typer.Option("--fits", help="Only models that fit this machine, and how they would run.")]
HardwareOption = Annotated[
    str | None,
    typer.Option(
        "--hardware",
        metavar="SPEC",
        help="With --fits, the machine: rtx-4090, 24gb, cpu:64gb, or a file.",
        autocompletion=complete_hardware,
    ),
]


def machine_for(hardware: str | None, *, fits: bool) -> str | None:
    """What `--hardware` describes. Raises Usage where nothing asks for a machine."""
    if hardware is not None and not fits:
        raise Usage("`--hardware` says which machine to fit, and `--fits` is missing", hints=["add --fits"])
    return hardware


def filters(
    task: Task | None,
    capability: Capability | None,
    max_params: str | None,
    license_: str | None,
    source: str | None,
    open_: bool,
) -> Filters:
    """The filters that these options make. Raises Usage for an invalid size."""
    return Filters(
        task=task,
        capability=capability,
        max_parameters=largest_called(parse_count(max_params)) if max_params else None,
        license=license_,
        source=source,
        open_only=open_,
    )
