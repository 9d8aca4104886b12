"""`modelscan backend list`, `show` and `remove`."""

from __future__ import annotations

import typer

from modelscan.backends.registry import BACKENDS
from modelscan.cli.asking import asker
from modelscan.cli.options.backend import BackendName, BackendVariant, BackendVersion, require_variant
from modelscan.cli.options.shared import Json, Quiet, Yes
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.backends import show_installation, show_installations
from modelscan.selecting.installations import folders_without_backend, installations
from modelscan.verbs.maintain.backends import find_installation, remove_backend


def list_backends(ctx: typer.Context, json: Json = False, quiet: Quiet = False) -> None:
    output = Output(json=json, quiet=quiet)
    context = context_of(ctx)
    found = installations(context)
    output.remarks(folders_without_backend(context, found), [])
    if not found:
        output.say(f"No backend installed. Install one: modelscan backend install {BACKENDS.usual.name}")
    output.document(
        found, lambda printer: show_installations(printer, found), dict.fromkeys(item.backend for item in found)
    )


def show(
    ctx: typer.Context,
    backend: BackendName,
    version: BackendVersion = None,
    variant: BackendVariant = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    require_variant(backend, variant)
    found = find_installation(context_of(ctx), backend, version, variant)
    Output(json=json, quiet=quiet).document(found, lambda printer: show_installation(printer, found), [found.path])


def remove(
    ctx: typer.Context,
    backend: BackendName,
    version: BackendVersion = None,
    variant: BackendVariant = None,
    yes: Yes = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    output = Output(json=json, quiet=quiet)
    require_variant(backend, variant)
    removed = remove_backend(context_of(ctx), backend, version, variant=variant, ask=asker(output, yes=yes))
    output.document(removed, lambda printer: printer.line(f"Removed {removed.path}"), [removed.path])
