"""`modelscan config show`, `get` and `path`."""

from __future__ import annotations

import typer

from modelscan.cli.options.shared import Json, Quiet, SettingKey
from modelscan.cli.output.output import Output
from modelscan.cli.session import settings_of
from modelscan.verbs.maintain.config import locations, setting_row, settings_table


def show(ctx: typer.Context, json: Json = False, quiet: Quiet = False) -> None:
    rows = settings_table(settings_of(ctx))
    Output(json=json, quiet=quiet).document(
        rows,
        lambda printer: printer.table(
            ("setting", "value", "from"), [(row.key, row.shown_value, row.origin) for row in rows], drop=("from",)
        ),
        (row.key for row in rows),
    )


def get(ctx: typer.Context, key: SettingKey, json: Json = False) -> None:
    row = setting_row(settings_of(ctx), key)
    Output(json=json).document(row, lambda printer: printer.line(row.shown_value))


def path(ctx: typer.Context, json: Json = False) -> None:
    rows = locations(settings_of(ctx))
    Output(json=json).document(
        rows,
        lambda printer: printer.pairs([(name, str(value)) for name, value in rows.items() if name != "local_models"]),
    )
