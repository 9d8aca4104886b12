"""`modelscan up`: from a file to the deployments that it names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from modelscan.cli.asking import asker
from modelscan.cli.options.shared import DeclaredFile, Json, Progress, Quiet, Yes
from modelscan.cli.output.live import DeployView
from modelscan.cli.output.output import Output
from modelscan.cli.output.printer import Printer, printer_for
from modelscan.cli.seeding import seed_first
from modelscan.cli.session import context_of
from modelscan.cli.views.up import show_ended, show_plan_of_all
from modelscan.errors import ModelscanError, NoFit
from modelscan.model.events import Event
from modelscan.model.results import Up, UpAction
from modelscan.selecting.context import Context
from modelscan.services.logs import tell_service
from modelscan.services.service import GATEWAY
from modelscan.storage.documents import from_document
from modelscan.verbs.register.seed import as_if_seeded
from modelscan.verbs.run.up import Observed, beside, bring_up, observe


def up(
    ctx: typer.Context,
    file: DeclaredFile = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan without carrying it out.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove deployments that up made and that the file does not name any more.")
    ] = False,
    progress: Progress = None,
    yes: Yes = False,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    context, output = context_of(ctx), Output(json=json, quiet=quiet, progress=progress)
    context, observed = _seeded_and_observed(context, output, file, dry_run=dry_run, prune=prune)
    _remark(output, observed, prune=prune)
    if (settled := observed.settled) is not None:
        _show(output, settled)
        return 0
    asked, unasked = asker(output, yes=yes), asker(output, yes=False)
    declined = False

    def ask(question: str, /, *, default: bool = True) -> bool | None:
        """`--yes` lets nothing in that a file asks for: code to run."""
        return asked(question) if default else unasked(question, default=False)

    def agreed(plan: Up) -> bool:
        nonlocal declined
        lost = [action.name for action in plan.actions if action.action in {"replace", "remove"}]
        if dry_run or not plan.changed:
            return not dry_run
        if not output.json and not output.quiet:
            show_plan_of_all(printer_for(output.stdout), plan)
            output.stdout.flush()
        declined = bool(lost) and asked(f"This stops {', '.join(lost)}. Go on?") is False
        return not declined

    try:
        with DeployView(output, context.clock, decisions_are_talk=True) as view:
            report = view.report if progress is not None else lambda event: view.report(_with_name(event))
            done, failures = bring_up(context, observed, agreed=agreed, report=report, ask=ask)
    except NoFit as error:
        actions = error.details.get("actions")
        if isinstance(actions, list):
            whole = tuple(from_document(UpAction, action) for action in actions)
            plan = Up(file=observed.file, actions=whole, changed=True)
            output.document(plan, lambda printer: show_plan_of_all(printer, plan))
        raise
    if declined:
        raise ModelscanError("nothing was changed", hints=[f"{observed.command} --dry-run"])
    _show(output, done, planned_only=dry_run)
    return _failed(output, failures)


def _seeded_and_observed(
    context: Context, output: Output, file: Path | None, *, dry_run: bool, prune: bool
) -> tuple[Context, Observed]:
    """Seeds come first; a dry run counts them without writing any."""
    context = beside(context, file, folder=Path())
    _, lines = seed_first(context, output, dry_run=dry_run)
    if dry_run:
        context = as_if_seeded(context)
    observed = observe(context, file, folder=Path(), prune=prune)
    if observed.declared.gateway is not None and not dry_run:
        tell_service(context.settings.paths, GATEWAY, lines, context.clock)
    return context, observed


def _with_name(event: Event) -> Event:
    """A step on a terminal says whose it is."""
    if event.kind != "phase":
        return event
    step = f"{event.fields['name']}: {event.fields['phase'] or event.fields['status']}"
    return Event(event.kind, event.message, {**event.fields, "phase": step})


def _remark(output: Output, observed: Observed, *, prune: bool) -> None:
    if not observed.gateway_stands:
        output.remarks([], [f"`{observed.file}` has a gateway: it starts after the deployments, with these names"])
    if observed.unnamed and not prune:
        names = ", ".join(f"`{name}`" for name in observed.unnamed)
        output.remarks([], [f"`{observed.file}` does not name {names} any more; to remove: {observed.command} --prune"])


def _show(output: Output, done: Up, *, planned_only: bool = False) -> None:
    def text(printer: Printer) -> None:
        if not done.changed:
            printer.line("Nothing to do.")
        elif planned_only:
            show_plan_of_all(printer, done)
        show_ended(printer, () if planned_only else done.actions)

    output.document(done, text, (action.name for action in done.actions))


def _failed(output: Output, failures: Sequence[ModelscanError]) -> int:
    if not failures:
        return 0
    worst = max(failures, key=lambda error: error.exit_status)
    for error in [worst] if output.json else failures:
        output.failure(error)
    return worst.exit_status
