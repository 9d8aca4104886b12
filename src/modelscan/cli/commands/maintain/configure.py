"""`modelscan config set` and `unset`: edit the configuration file in place."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options.shared import Json, SettingKey
from modelscan.cli.output.output import Output
from modelscan.cli.session import settings_of
from modelscan.verbs.maintain.configure import Configured, set_value, unset_value


def set_(
    ctx: typer.Context,
    key: SettingKey,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="New value.", show_default=False)],
    json: Json = False,
) -> None:
    done = set_value(settings_of(ctx), key, value)
    _show(Output(json=json), done, f"Set `{key}` in `{done.path}`")


def unset(ctx: typer.Context, key: SettingKey, json: Json = False) -> None:
    done = unset_value(settings_of(ctx), key)
    text = f"Removed `{key}` from `{done.path}`" if done.changed else f"`{key}` is not set in `{done.path}`"
    _show(Output(json=json), done, text)


def _show(output: Output, done: Configured, text: str) -> None:
    if output.json:
        output.document(done, lambda _: None)
    else:
        output.say(text)
