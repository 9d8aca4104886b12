"""`modelscan config`: settings, and where each came from."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options.complete import complete_setting
from modelscan.cli.options.shared import Json, Quiet
from modelscan.cli.output.output import Output
from modelscan.cli.session import session

app = typer.Typer(help="Show and change settings.", no_args_is_help=True)

Key = Annotated[
    str,
    typer.Argument(
        metavar="KEY",
        help="A setting, such as deploy.first_port.",
        autocompletion=complete_setting,
        show_default=False,
    ),
]


@app.command("show")
def show(ctx: typer.Context, json: Json = False, quiet: Quiet = False) -> None:
    """Show every setting, its value, and where the value came from."""
    from modelscan.verbs.maintain.config import settings_table

    rows = settings_table(session(ctx).settings)
    Output(json=json, quiet=quiet).document(
        rows,
        lambda printer: printer.table(
            ("setting", "value", "from"), [(row.key, row.shown_value, row.origin) for row in rows]
        ),
        (row.key for row in rows),
    )


@app.command("get")
def get(ctx: typer.Context, key: Key, json: Json = False) -> None:
    """Print the value of one setting."""
    from modelscan.verbs.maintain.config import setting_row

    row = setting_row(session(ctx).settings, key)
    Output(json=json).document(row, lambda printer: printer.line(row.shown_value))


@app.command("set")
def set_(
    ctx: typer.Context,
    key: Key,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="The value.", show_default=False)],
) -> None:
    """Write a setting into the configuration file."""
    from modelscan.verbs.maintain.config import set_value

    path = set_value(session(ctx).settings, key, value)
    Output().say(f"`{key}` is set in `{path}`")


@app.command("unset")
def unset(ctx: typer.Context, key: Key) -> None:
    """Take a setting out of the configuration file, so that the default counts again."""
    from modelscan.verbs.maintain.config import unset_value

    changed, path = unset_value(session(ctx).settings, key)
    Output().say(f"`{key}` is taken out of `{path}`" if changed else f"`{key}` was not set in `{path}`")


@app.command("path")
def path(ctx: typer.Context, json: Json = False) -> None:
    """Print where the configuration, state, cache and data live."""
    from modelscan.verbs.maintain.config import places

    rows = places(session(ctx).settings)
    Output(json=json).document(
        rows, lambda printer: printer.pairs([(name, str(value)) for name, value in rows.items()])
    )
