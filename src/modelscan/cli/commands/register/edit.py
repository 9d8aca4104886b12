"""`modelscan model edit`, `modelscan model enable` and `modelscan model disable`."""

from __future__ import annotations

import shlex
from typing import Annotated, Any

import typer

from modelscan.cli.bulk import run_each
from modelscan.cli.editor import edit_text
from modelscan.cli.options.shared import Json, Quiet, RegisteredId, RegisteredIds
from modelscan.cli.output.output import Output
from modelscan.cli.output.printer import Printer
from modelscan.cli.session import context_of
from modelscan.cli.views.registered import show_one_line
from modelscan.model.registered import RegisteredModel
from modelscan.registry.editing import parse_changes
from modelscan.selecting.context import Context
from modelscan.verbs.register.edit import changes_in, edit_model, text_to_edit


def edit(
    ctx: typer.Context,
    model: RegisteredId,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change a key without an editor; an empty value takes your change back."
        ),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    output, context = Output(json=json, quiet=quiet), context_of(ctx)
    changes = parse_changes(set_) if set_ else _edited(context, model)
    edited = edit_model(context, model, changes)
    word = "changed" if changes else "unchanged"
    output.document(edited, lambda printer: show_one_line(printer, edited, word), [edited.id])


def enable(ctx: typer.Context, ids: RegisteredIds, json: Json = False, quiet: Quiet = False) -> int:
    return _switch(ctx, ids, Output(json=json, quiet=quiet), enabled=True)


def disable(ctx: typer.Context, ids: RegisteredIds, json: Json = False, quiet: Quiet = False) -> int:
    return _switch(ctx, ids, Output(json=json, quiet=quiet), enabled=False)


def _switch(ctx: typer.Context, ids: list[str], output: Output, *, enabled: bool) -> int:
    context = context_of(ctx)

    def one(reference: str) -> RegisteredModel:
        return edit_model(context, reference, {"enabled": enabled})

    def show(printer: Printer, result: dict[str, Any]) -> None:
        printer.line(f"{result['id']}  {'enabled' if enabled else 'disabled'}")

    return run_each(ids, output, one, kind=RegisteredModel, key="id", show=show)


def _edited(context: Context, model: str) -> dict[str, Any]:
    """What the user changes in an editor."""
    otherwise = f"modelscan model edit {shlex.quote(model)} --set context_length=16384"
    text = text_to_edit(context, model)
    return changes_in(context, model, edit_text(text, context.settings.environ, suffix=".toml", otherwise=otherwise))
