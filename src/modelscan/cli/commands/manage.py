"""What runs: list, ps, status, logs, wait, start, stop, restart, remove."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from modelscan.cli.options.shared import Json, Name, Names, OptionalNames, Quiet, Yes
from modelscan.cli.options.words import StatusWord, WaitForWord, one_of
from modelscan.cli.output.output import Output
from modelscan.cli.session import session
from modelscan.cli.signals import until_interrupted
from modelscan.model import Deployment

if TYPE_CHECKING:
    from modelscan.model.events import Report
    from modelscan.selecting.context import Context

Timeout = Annotated[
    float | None, typer.Option("--timeout", min=0.1, metavar="S", help="Give up after so many seconds.")
]
StatusOption = Annotated[
    StatusWord | None,
    typer.Option("--status", metavar="STATUS", case_sensitive=False, help=f"Only those that are {one_of(StatusWord)}."),
]


def list_(
    ctx: typer.Context,
    status: StatusOption = None,
    all_: Annotated[bool, typer.Option("--all", "-a", help="All that are not removed (the default).")] = False,  # noqa: ARG001
    removed: Annotated[bool, typer.Option("--removed", help="The removed ones too.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Keep the list on the screen, live.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the deployments, each checked now."""
    _list(ctx, Output(json=json, quiet=quiet), status=status, removed=removed, watch=watch, live_only=False)


def ps(
    ctx: typer.Context,
    status: StatusOption = None,
    watch: Annotated[bool, typer.Option("--watch", help="Keep the list on the screen, live.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the deployments that are alive."""
    _list(ctx, Output(json=json, quiet=quiet), status=status, removed=False, watch=watch, live_only=True)


def _list(
    ctx: typer.Context, output: Output, *, status: StatusWord | None, removed: bool, watch: bool, live_only: bool
) -> None:
    from modelscan.cli.views.deployments import show_deployments, watch_deployments

    context = session(ctx).context

    def read() -> list[Deployment]:
        return context.deployments.list(status=status.value if status else None, removed=removed, live_only=live_only)

    if watch:
        with until_interrupted():
            watch_deployments(output, context.clock, read)
        return
    found = read()
    if not found:
        output.say("No deployments. Start one: modelscan deploy demo")
    output.document(
        found, lambda printer: show_deployments(printer, found, context.clock.now()), (item.name for item in found)
    )


def status(
    ctx: typer.Context,
    name: Name,
    check: Annotated[bool, typer.Option("--check", help="Exit with 7 unless it is ready.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Show one deployment as it is now."""
    from modelscan.cli.views.deployments import show_deployment
    from modelscan.targets.deployments import not_ready

    output = Output(json=json, quiet=quiet)
    found = session(ctx).context.deployments.now(name)
    output.document(found, lambda printer: show_deployment(printer, found), [found.status])
    if check and found.status != "ready":
        raise not_ready(found)
    return 0


def logs(
    ctx: typer.Context,
    name: Name,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes.")] = False,
    tail: Annotated[int | None, typer.Option("--tail", "-n", min=0, metavar="N", help="Only the last N lines.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="10m|TIME", help="Only from then on: 30s, 10m, 2h, or a time.")
    ] = None,
) -> None:
    """Print what the backend wrote."""
    from modelscan.verbs.manage.logs import log_lines

    with until_interrupted(told=not follow):
        for line in log_lines(session(ctx).context, name, follow=follow, tail=tail, since=since):
            typer.echo(line)


def wait(
    ctx: typer.Context,
    names: Names,
    for_: Annotated[WaitForWord, typer.Option("--for", case_sensitive=False, help="What to wait for.")] = (
        WaitForWord.READY
    ),
    timeout: Timeout = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Wait until deployments are ready, or stopped."""
    from modelscan.verbs.manage.wait import wait_for

    return _bulk(
        ctx,
        names,
        Output(json=json, quiet=quiet),
        lambda context, name, report: wait_for(context, name, for_.value, timeout, report),
    )


def start(ctx: typer.Context, names: Names, timeout: Timeout = None, json: Json = False, quiet: Quiet = False) -> int:
    """Start stopped deployments as they were planned, and wait until they answer."""
    from modelscan.running.start import start_deployment

    return _bulk(
        ctx,
        names,
        Output(json=json, quiet=quiet),
        lambda context, name, report: start_deployment(context, name, timeout=timeout, report=report),
    )


def stop(
    ctx: typer.Context,
    names: OptionalNames = None,
    all_: Annotated[bool, typer.Option("--all", "-a", help="Stop all that are alive.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """End deployments with all their processes; they can be started again."""
    from modelscan.running.stop import stop_deployment

    context = session(ctx).context
    chosen = list(context.deployments.live_names()) if all_ else names or []
    if not chosen and not all_:
        raise typer.BadParameter("name the deployments, or say --all", param_hint="NAME")
    return _bulk(ctx, chosen, Output(json=json, quiet=quiet), stop_deployment)


def restart(ctx: typer.Context, names: Names, timeout: Timeout = None, json: Json = False, quiet: Quiet = False) -> int:
    """Stop and start again."""
    from modelscan.verbs.manage.restart import restart_deployment

    return _bulk(
        ctx,
        names,
        Output(json=json, quiet=quiet),
        lambda context, name, report: restart_deployment(context, name, timeout=timeout, report=report),
    )


def remove(
    ctx: typer.Context,
    names: Names,
    purge_weights: Annotated[
        bool, typer.Option("--purge-weights", help="Delete their weights too, where nothing else needs them.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --purge-weights: also what modelscan did not download.")
    ] = False,
    yes: Yes = False,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Stop deployments and take them off the list."""
    from modelscan.verbs.manage.remove import remove_deployment

    output = Output(json=json, quiet=quiet)
    if not purge_weights:
        return _bulk(ctx, names, output, remove_deployment)
    from modelscan.cli.asking import asker
    from modelscan.cli.views.weights import freed_line
    from modelscan.verbs.carry.weights import purge_for

    purge = purge_for(session(ctx).context, names, force=force, ask=asker(output, yes=yes))

    def remove_and_purge(context: Context, name: str, report: Report) -> Deployment:
        removed = remove_deployment(context, name, report)
        freed = purge(removed)
        if freed is not None:
            output.say(freed_line(freed))
        return removed

    return _bulk(ctx, names, output, remove_and_purge)


def _bulk(
    ctx: typer.Context,
    names: Iterable[str],
    output: Output,
    verb: Callable[[Context, str, Report], Deployment],
) -> int:
    from modelscan.cli.bulk import run_bulk

    return run_bulk(session(ctx).context, names, output, verb)
