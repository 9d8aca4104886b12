"""`modelscan model add`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from modelscan.cli.options.shared import Json, Quiet
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.registered import show_found, show_one_line, show_upstreams
from modelscan.errors import Usage
from modelscan.model.registered import ModelType
from modelscan.registry.editing import parse_changes
from modelscan.running.gateway.process import running_gateway
from modelscan.units import parse_bytes, parse_tokens
from modelscan.verbs.register.add import add_model
from modelscan.verbs.register.upstream import (
    FoundModel,
    add_from_ollama,
    add_from_running,
    add_upstream,
    ollama_models,
)


def add(
    ctx: typer.Context,
    model: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Id of the model: owner/name or a name.", show_default=False)
    ] = None,
    type_: Annotated[
        ModelType | None, typer.Option("--type", help="What the model is for.", case_sensitive=False)
    ] = None,
    runtime: Annotated[
        str | None, typer.Option("--runtime", metavar="NAME", help="Backend that runs the model, or upstream.")
    ] = None,
    memory: Annotated[
        str | None, typer.Option("--memory", metavar="SIZE", help="Memory to claim where the shape is unknown.")
    ] = None,
    context_length: Annotated[
        str | None, typer.Option("--context-length", metavar="N", help="Context length to serve, such as 16k.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any key of an entry, such as defaults.temperature=0.2."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="TOML, JSON or YAML file with one entry.")
    ] = None,
    upstream: Annotated[
        str | None,
        typer.Option("--upstream", metavar="URL", help="Address of the server that has it, with /v1."),
    ] = None,
    api_key_env: Annotated[
        str | None,
        typer.Option("--api-key-env", metavar="VAR", help="Variable that holds the key of the upstream."),
    ] = None,
    upstream_model: Annotated[
        str | None, typer.Option("--upstream-model", metavar="M", help="What the upstream calls it; by default the ID.")
    ] = None,
    ollama: Annotated[
        bool, typer.Option("--ollama", help="A model of Ollama on this machine; without an ID list what it has.")
    ] = False,
    from_running: Annotated[
        str | None,
        typer.Option("--from-running", metavar="URL", help="A server that runs already; without an ID all it has."),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    output = Output(json=json, quiet=quiet)
    own = {
        "type": type_,
        "runtime": runtime,
        "memory": parse_bytes(memory) if memory is not None else None,
        "context_length": parse_tokens(context_length) if context_length is not None else None,
    }
    changes = {key: value for key, value in own.items() if value is not None} | parse_changes(set_ or [])
    context = context_of(ctx)
    ways = {"--upstream": upstream, "--ollama": ollama, "--from-running": from_running, "--file": file}
    _require_one([name for name, value in ways.items() if value], api_key_env, upstream_model)
    if upstream is not None:
        found = add_upstream(context, model, changes, address=upstream, variable=api_key_env, model=upstream_model)
    elif from_running is not None:
        found = add_from_running(
            context, model, changes, address=from_running, variable=api_key_env, model=upstream_model
        )
    elif ollama and model is not None:
        found = add_from_ollama(context, model, changes, model=upstream_model)
    elif ollama:
        _show_ollama(output, ollama_models(context))
        return
    else:
        added = add_model(context, model, changes, file)
        output.document(added, lambda printer: show_one_line(printer, added, "registered"), [added.id])
        return
    output.remarks(found.warnings, [])
    document = found.models[0] if model is not None else found.models
    output.document(document, lambda printer: show_upstreams(printer, found.models), (item.id for item in found.models))
    if running_gateway(context) is None:
        output.say("The gateway serves it: modelscan gateway start")


def _require_one(given: list[str], variable: str | None, model: str | None) -> None:
    if len(given) > 1:
        raise Usage(f"`{given[0]}` and `{given[1]}` exclude each other", hints=["modelscan model add --help"])
    if (variable is not None and given not in (["--upstream"], ["--from-running"])) or (
        model is not None and given not in (["--upstream"], ["--from-running"], ["--ollama"])
    ):
        option = "--api-key-env" if variable is not None else "--upstream-model"
        raise Usage(f"`{option}` belongs to `--upstream`", hints=["modelscan model add --help"])


def _show_ollama(output: Output, found: Sequence[FoundModel]) -> None:
    output.document(found, lambda printer: show_found(printer, found), (item.tag for item in found))
    free = next((item.tag for item in found if item.registered is None), None)
    if not found:
        output.say("Ollama has no model of its own. Fetch one: ollama pull smollm2:135m")
    elif free is not None:
        output.say(f"Register one: modelscan model add {free} --ollama")
