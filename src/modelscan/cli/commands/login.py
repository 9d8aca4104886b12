"""`modelscan login` and `modelscan logout`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from modelscan.cli.options.shared import Json
from modelscan.cli.options.words import HubWord
from modelscan.cli.output.output import Output
from modelscan.cli.session import session

if TYPE_CHECKING:
    from modelscan.verbs.maintain.login import Login

Hub = Annotated[HubWord, typer.Argument(metavar="[HUB]", help="The hub.", case_sensitive=False)]


def login(ctx: typer.Context, hub: Hub = HubWord.HUGGINGFACE, json: Json = False) -> None:
    """Keep a token for a hub: typed unseen, or read from stdin (`login < token.txt`)."""
    from modelscan.verbs.maintain.login import log_in, token_page

    context = session(ctx).context
    output = Output(json=json)
    if sys.stdin.isatty():
        output.say(f"Make a token that may read: {token_page(context, hub.value)}")
        token = typer.prompt("Token (not shown)", hide_input=True, err=True).strip()
    else:
        token = sys.stdin.read().strip()
    done = log_in(context, hub.value, token)
    _say(output, done)
    who = f" as {done.user}" if done.user else ", unchecked"
    place = "the system keyring" if done.stored_in == "keyring" else done.stored_in
    output.document(done, lambda printer: printer.line(f"Logged in to {done.endpoint}{who}; the token is in {place}"))


def logout(ctx: typer.Context, hub: Hub = HubWord.HUGGINGFACE, json: Json = False) -> None:
    """Forget the token that `login` kept."""
    from modelscan.verbs.maintain.login import log_out

    output = Output(json=json)
    done = log_out(session(ctx).context, hub.value)
    word = "Logged out of" if done.changed else "There was no token of ours for"
    output.document(done, lambda printer: printer.line(f"{word} {done.endpoint}"))
    if done.used_before:
        output.warn(f"the token in {done.used_before} is still used: it is not modelscan's")


def _say(output: Output, done: Login) -> None:
    if done.stored_in != "keyring":
        output.warn(
            "there is no system keyring here (it needs the extra `modelscan-cli[keyring]` and a desktop's secret "
            f"service), so the token is in plain text in `{done.stored_in}`, which only you can read"
        )
    if done.used_before:
        output.warn(f"the token in {done.used_before} comes first, and is used instead of this one")
