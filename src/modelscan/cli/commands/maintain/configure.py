"""`modelscan config set` and `unset`: edit the configuration file in place."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options.shared import SettingKey
from modelscan.cli.output.output import Output
from modelscan.cli.session import settings_of
from modelscan.verbs.maintain.configure import set_value, unset_value


def set_(
    ctx: typer.Context,
    key: SettingKey,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="New value.", show_default=False)],
) -> None:
    path = set_value(settings_of(ctx), key, value)
    Output().say(f"Set `{key}` in `{path}`")


def unset(ctx: typer.Context, key: SettingKey) -> None:
    changed, path = unset_value(settings_of(ctx), key)
    Output().say(f"Removed `{key}` from `{path}`" if changed else f"`{key}` is not set in `{path}`")
