"""Options that several commands share, each defined once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from modelscan.cli.options.complete import (
    complete_deployable,
    complete_deployment,
    complete_registered,
    complete_setting,
    complete_weights,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only names, one per line.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Answer yes to every question.")]
ModelId = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="Model id, alias, repo, name or folder.",
        autocompletion=complete_deployable,
        show_default=False,
    ),
]
OptionalModelId = Annotated[
    str | None,
    typer.Argument(
        metavar="[ID]",
        help="Model id, alias, repo, name or folder; may be omitted with --file.",
        autocompletion=complete_deployable,
        show_default=False,
    ),
]
Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="Name or id of a deployment.", autocompletion=complete_deployment, show_default=False
    ),
]
Names = Annotated[
    list[str],
    typer.Argument(
        metavar="NAME...", help="Names or ids of deployments.", autocompletion=complete_deployment, show_default=False
    ),
]
OptionalNames = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME]...", help="Names or ids of deployments.", autocompletion=complete_deployment, show_default=False
    ),
]
WeightsIds = Annotated[
    list[str],
    typer.Argument(
        metavar="ID...", help="Repos, or names of models.", autocompletion=complete_weights, show_default=False
    ),
]
DeclaredFile = Annotated[
    Path | None,
    typer.Argument(metavar="[FILE]", help="File of deployments; by default modelscan.yaml, .yml or .toml here."),
]
RegisteredId = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="Id of a registered model.", autocompletion=complete_registered, show_default=False
    ),
]
RegisteredIds = Annotated[
    list[str],
    typer.Argument(
        metavar="ID...", help="Ids of registered models.", autocompletion=complete_registered, show_default=False
    ),
]
SettingKey = Annotated[
    str,
    typer.Argument(
        metavar="KEY",
        help="Name of a setting, such as deploy.first_port.",
        autocompletion=complete_setting,
        show_default=False,
    ),
]
Progress = Annotated[
    Literal["jsonl"] | None, typer.Option("--progress", help="Print progress to stderr as JSON, one event per line.")
]
StartTimeout = Annotated[
    float | None, typer.Option("--timeout", min=0.1, metavar="S", help="Maximum number of seconds to wait.")
]
