"""A verb over several names: one result per name, the worst of them as the exit status."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from modelscan.cli.output.live import DeployView
from modelscan.cli.output.output import Output, error_document
from modelscan.cli.output.printer import Printer
from modelscan.dataclasses import field_names
from modelscan.errors import Interrupted, ModelscanError
from modelscan.model import Deployment
from modelscan.model.events import Report
from modelscan.selecting.context import Context
from modelscan.storage.documents import to_document

Verb = Callable[[Context, str, Report], Deployment]
Done = TypeVar("Done")


def run_bulk(context: Context, names: Iterable[str], output: Output, verb: Verb) -> int:
    """Run the verb on each deployment."""

    def one(name: str) -> Deployment:
        with DeployView(output, context.clock) as view:
            return verb(context, name, view.report)

    def record(name: str) -> Deployment | None:
        try:
            return context.deployments.now(name)
        except ModelscanError:
            return None

    return run_each(names, output, one, kind=Deployment, key="name", show=_show, known=record)


def run_each(
    names: Iterable[str],
    output: Output,
    one: Callable[[str], Done],
    *,
    kind: type[Any],
    key: str,
    show: Callable[[Printer, dict[str, Any]], None],
    known: Callable[[str], Done | None] = lambda _: None,
) -> int:
    """Run `one` on each name. A failure does not stop the others; an interruption does.

    In JSON each result is a document of `kind` whose field `key` is the name, plus `error`, which is null on success.
    `show` prints a success; `known` is what can be said of a name after its failure.
    """
    results: list[dict[str, Any]] = []
    failures: list[ModelscanError] = []
    for name in dict.fromkeys(names):
        try:
            done = one(name)
        except ModelscanError as error:
            failures.append(error)
            found = known(name)
            shown = to_document(found) if found is not None else dict.fromkeys(field_names(kind)) | {key: name}
            results.append(shown | {"error": error_document(error)})
            if not output.json:
                output.failure(error)
            if isinstance(error, Interrupted):
                break
        else:
            results.append(to_document(done) | {"error": None})
    good = [result for result in results if result["error"] is None]

    def text(printer: Printer) -> None:
        for result in good:
            show(printer, result)

    output.document(results, text, (result[key] for result in good))
    if not failures:
        return 0
    worst = max(failures, key=lambda error: error.exit_status)
    if output.json:
        output.failure(worst)
    return worst.exit_status


def _show(printer: Printer, result: dict[str, Any]) -> None:
    where = f"  {result['base_url']}" if result["status"] == "ready" else ""
    word = "removed" if result["removed_at"] else result["status"]
    note = " (nothing to do)" if result["changed"] is False else ""
    printer.line(f"{result['name']}  {word}{where}{note}")
