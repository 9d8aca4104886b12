"""The options of `deploy` beyond the plan's that `run` takes too: how it is served, how it starts."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options.words import ProgressWord, RestartWord

SERVING, STARTING = "How it is served", "How it starts"

NameOption = Annotated[
    str | None,
    typer.Option(
        "--name", metavar="NAME", help="Its name; the last part of the id by default.", rich_help_panel=SERVING
    ),
]
Port = Annotated[
    int | None,
    typer.Option(
        "--port", min=1, max=65535, metavar="PORT", help="Its port; 8080 or the next free one.", rich_help_panel=SERVING
    ),
]
ApiKeyEnv = Annotated[
    str | None,
    typer.Option(
        "--api-key-env", metavar="VAR", help="Ask callers for the key in this variable.", rich_help_panel=SERVING
    ),
]
Restart = Annotated[
    RestartWord | None,
    typer.Option(
        "--restart", case_sensitive=False, help="When the backend dies.", show_default="no", rich_help_panel=SERVING
    ),
]
IdleTimeout = Annotated[
    str | None,
    typer.Option(
        "--idle-timeout",
        metavar="30m|2h",
        help="Stop it when nobody has used it for so long.",
        rich_help_panel=SERVING,
    ),
]
Replace = Annotated[
    bool,
    typer.Option("--replace", help="Take the place of another deployment of this name.", rich_help_panel=SERVING),
]
Timeout = Annotated[
    float | None,
    typer.Option("--timeout", min=0.1, metavar="S", help="Give up after so many seconds.", rich_help_panel=STARTING),
]
StallTimeout = Annotated[
    float | None,
    typer.Option(
        "--stall-timeout",
        min=1,
        metavar="S",
        help="Give up after so many seconds without progress.",
        show_default="600",
        rich_help_panel=STARTING,
    ),
]
Progress = Annotated[
    ProgressWord | None,
    typer.Option("--progress", help="jsonl: one event per line on stderr.", rich_help_panel=STARTING),
]
