"""`modelscan catalog`: find models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelscan.cli.options.shared import Json, ModelId, Quiet
from modelscan.cli.options.words import CapabilityWord, TaskWord, one_of
from modelscan.cli.output.output import Output
from modelscan.cli.session import session

if TYPE_CHECKING:
    from modelscan.catalog.index.filters import Filters

app = typer.Typer(help="Find models in the merged catalogs.", no_args_is_help=True)

Limit = Annotated[int, typer.Option("--limit", min=1, metavar="N", help="Show at most so many.")]
ListLimit = Annotated[
    int | None, typer.Option("--limit", min=1, metavar="N", help="Show at most so many.", show_default="all")
]
TaskOption = Annotated[
    TaskWord | None,
    typer.Option("--task", metavar="TASK", case_sensitive=False, help=f"Only this task: {one_of(TaskWord)}."),
]
CapabilityOption = Annotated[
    CapabilityWord | None,
    typer.Option(
        "--capability",
        metavar="CAPABILITY",
        case_sensitive=False,
        help=f"Only models that can do this: {one_of(CapabilityWord)}.",
    ),
]
MaxParams = Annotated[
    str | None,
    typer.Option("--max-params", metavar="14b", help="Only models of at most this size, as their names have it."),
]
License = Annotated[
    str | None, typer.Option("--license", metavar="LICENCE", help="Only this licence, such as apache-2.0.")
]
SourceOption = Annotated[
    str | None, typer.Option("--source", metavar="SOURCE", help="Only models that this source knows.")
]
Open = Annotated[bool, typer.Option("--open", help="Hide closed models.")]
FitsOption = Annotated[bool, typer.Option("--fits", help="Only models that fit this machine, with how.")]


@app.command("search")
def search(
    ctx: typer.Context,
    query: Annotated[list[str], typer.Argument(metavar="QUERY...", help="Words of a name, a family, a task, a size.")],
    limit: Limit = 20,
    task: TaskOption = None,
    capability: CapabilityOption = None,
    max_params: MaxParams = None,
    license_: License = None,
    source: SourceOption = None,
    open_: Open = False,
    fits: FitsOption = False,
    hub: Annotated[bool, typer.Option("--hub", help="Ask Hugging Face's own search instead.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Search all catalogs: ranked, tolerant of typing errors, offline."""
    from modelscan.cli.views.models import show_models
    from modelscan.verbs.find.search import search_hub_models, search_models

    output = Output(json=json, quiet=quiet)
    filters = _filters(task, capability, max_params, license_, source, open_)
    context = session(ctx).context
    if hub:
        found = search_hub_models(context, query, limit=limit, filters=filters)
    else:
        found = search_models(context, query, limit=limit, filters=filters, fits=fits, whole=json)
    _notice(output, found.notice)
    output.remarks((), found.notes)
    if not found.models:
        output.say("No model matches. Try fewer words, or: modelscan catalog list --open")
    output.document(found.models, lambda printer: show_models(printer, found.models), (m.id for m in found.models))


@app.command("list")
def list_(
    ctx: typer.Context,
    limit: ListLimit = None,
    task: TaskOption = None,
    capability: CapabilityOption = None,
    max_params: MaxParams = None,
    license_: License = None,
    source: SourceOption = None,
    open_: Open = False,
    fits: FitsOption = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List every model of the catalogs."""
    from modelscan.cli.views.models import show_models
    from modelscan.verbs.find.search import list_models

    output = Output(json=json, quiet=quiet)
    filters = _filters(task, capability, max_params, license_, source, open_)
    found = list_models(session(ctx).context, limit=limit, filters=filters, fits=fits)
    _notice(output, found.notice)
    output.document(found.models, lambda printer: show_models(printer, found.models), (m.id for m in found.models))


@app.command("info")
def info(
    ctx: typer.Context,
    model: ModelId,
    fits: Annotated[bool, typer.Option("--fits", help="Also whether it fits this machine, and how.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show everything that is known of a model, and from where."""
    from modelscan.cli.views.models import show_model
    from modelscan.verbs.find.info import model_info

    output = Output(json=json, quiet=quiet)
    described = model_info(session(ctx).context, model, fits=fits)
    _notice(output, described.notice)
    output.remarks(described.warnings, described.notes)
    output.document(described.model, lambda printer: show_model(printer, described.model), [described.model.id])


@app.command("sources")
def sources(ctx: typer.Context, json: Json = False, quiet: Quiet = False) -> None:
    """Show what the index was made from, and when."""
    from modelscan.cli.views.catalogs import show_sources
    from modelscan.verbs.find.search import catalog_sources

    output = Output(json=json, quiet=quiet)
    context = session(ctx).context
    states, index = catalog_sources(context)
    _notice(output, index.notice)
    today = context.clock.now().date()
    output.document(states, lambda printer: show_sources(printer, states, today), (state.name for state in states))


@app.command("refresh")
def refresh(
    ctx: typer.Context,
    source: Annotated[str | None, typer.Option("--source", metavar="SOURCE", help="Fetch only this source.")] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fetch the catalogs and replace the index in one step."""
    from modelscan.cli.output.live import FetchView
    from modelscan.cli.views.catalogs import show_refresh
    from modelscan.verbs.find.refresh import insecure_sources, refresh_catalog

    output = Output(json=json, quiet=quiet)
    output.remarks(insecure_sources(session(ctx).context), [])
    with FetchView(output) as view:
        report = refresh_catalog(session(ctx).context, source, view.say)
    output.document(report, lambda printer: show_refresh(printer, report), (item.name for item in report.sources))


@app.command("diff")
def diff(ctx: typer.Context, json: Json = False, quiet: Quiet = False) -> None:
    """Show what the last refresh changed: new and gone models, other prices and limits."""
    from modelscan.cli.views.catalogs import show_difference
    from modelscan.verbs.find.refresh import catalog_difference

    output = Output(json=json, quiet=quiet)
    found = catalog_difference(session(ctx).context)
    if found.before == found.after:
        output.say("No refresh has changed anything yet: modelscan catalog refresh")
    names = dict.fromkeys((*found.new, *found.gone, *(change.id for change in found.changed)))
    output.document(found, lambda printer: show_difference(printer, found), names)


@app.command("add")
def add(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="TOML or YAML in models.dev's form, or a list.")],
    replace: Annotated[bool, typer.Option("--replace", help="Replace an entry that has its name.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Add a model of your own to your catalogs."""
    from modelscan.cli.views.catalogs import show_added
    from modelscan.verbs.find.add import add_to_catalog

    output = Output(json=json, quiet=quiet)
    added = add_to_catalog(session(ctx).context, file, replace=replace)
    output.remarks(added.warnings, [])
    output.document(added, lambda printer: show_added(printer, added), added.models)


def _notice(output: Output, notice: str | None) -> None:
    if notice is not None:
        output.warn(notice)


def _filters(
    task: TaskWord | None,
    capability: CapabilityWord | None,
    max_params: str | None,
    license_: str | None,
    source: str | None,
    open_: bool,
) -> Filters:
    from modelscan.catalog.index.filters import Filters
    from modelscan.catalog.naming.names import largest_called
    from modelscan.units import parse_count

    return Filters(
        task=task.value if task else None,
        capability=capability.value if capability else None,
        max_parameters=largest_called(parse_count(max_params)) if max_params else None,
        license=license_,
        source=source,
        open_only=open_,
    )
