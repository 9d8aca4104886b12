"""`modelscan login` and `modelscan logout`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from modelscan.cli.options.shared import Json
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.model.words import HubName
from modelscan.verbs.maintain.login import Login, forget_key, keep_key, log_in, log_out, token_page

Hub = Annotated[HubName, typer.Argument(metavar="[HUB]", help="Hub to log in to.", case_sensitive=False)]


Variable = Annotated[
    str | None,
    typer.Option("--api-key-env", metavar="VAR", help="Instead: the key of an upstream, else looked for in VAR."),
]


def login(ctx: typer.Context, hub: Hub = "huggingface", api_key_env: Variable = None, json: Json = False) -> None:
    context = context_of(ctx)
    output = Output(json=json)
    if api_key_env is not None:
        kept = keep_key(context, api_key_env, _typed("Key"))
        text = f"The key for {kept.variable} is in the system keyring; modelscan gateway restart reads it"
        output.document(kept, lambda printer: printer.line(text))
        return
    if sys.stdin.isatty():
        output.say(f"Create a token with read access: {token_page(context, hub)}")
    done = log_in(context, hub, _typed("Token"))
    _say(output, done)
    who = f" as {done.user}" if done.user else ", not verified"
    place = "the system keyring" if done.stored_in == "keyring" else done.stored_in
    output.document(done, lambda printer: printer.line(f"Logged in to {done.endpoint}{who}; the token is in {place}"))


def logout(ctx: typer.Context, hub: Hub = "huggingface", api_key_env: Variable = None, json: Json = False) -> None:
    output = Output(json=json)
    if api_key_env is not None:
        forgotten = forget_key(context_of(ctx), api_key_env)
        there = "The key for" if forgotten.changed else "No stored key for"
        text = f"{there} {forgotten.variable}{' is removed' if forgotten.changed else ''}"
        output.document(forgotten, lambda printer: printer.line(text))
        return
    done = log_out(context_of(ctx), hub)
    word = "Logged out of" if done.changed else "No stored token for"
    output.document(done, lambda printer: printer.line(f"{word} {done.endpoint}"))
    if done.used_before:
        output.warn(f"the token in {done.used_before} is still used; modelscan did not store it")


def _typed(what: str) -> str:
    """A secret from the terminal, unseen, or from a pipe."""
    if sys.stdin.isatty():
        return str(typer.prompt(f"{what} (hidden)", hide_input=True, err=True)).strip()
    return sys.stdin.read().strip()


def _say(output: Output, done: Login) -> None:
    if done.stored_in != "keyring":
        output.warn(
            "no system keyring is available (it needs the extra `modelscan-cli[keyring]` and a desktop secret "
            f"service); the token is stored as plain text in `{done.stored_in}`, readable only by you"
        )
    if done.used_before:
        output.warn(f"the token in {done.used_before} takes precedence over this one")
