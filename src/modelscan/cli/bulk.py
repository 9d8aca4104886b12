"""A verb over several names: one result per name, the worst of them as the exit status."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from modelscan.cli.output import Output, error_document
from modelscan.cli.printer import Printer
from modelscan.errors import ModelscanError
from modelscan.model import Deployment
from modelscan.operations.context import Context
from modelscan.operations.events import Report
from modelscan.storage.documents import to_document

Verb = Callable[[Context, str, Report], Deployment]


def run_bulk(context: Context, names: Iterable[str], output: Output, verb: Verb) -> int:
    """Do it for each name; a failure of one does not keep the others from being done.

    In JSON each result is the deployment's document with `error`, which is null where the verb succeeded.
    """
    from modelscan.cli.live import DeployView

    results: list[dict[str, Any]] = []
    failures: list[ModelscanError] = []
    for name in dict.fromkeys(names):
        try:
            with DeployView(output, context.clock) as view:
                done = verb(context, name, view.report)
        except ModelscanError as error:
            failures.append(error)
            blank = dict.fromkeys(Deployment.__dataclass_fields__)
            results.append(blank | {"name": name, "error": error_document(error)})
            if not output.json:
                output.failure(error)
        else:
            results.append(to_document(done) | {"error": None})
    output.document(results, lambda printer: _show(printer, results), (r["name"] for r in results if not r["error"]))
    if not failures:
        return 0
    worst = max(failures, key=lambda error: error.exit_status)
    if output.json:
        output.failure(worst)
    return worst.exit_status


def _show(printer: Printer, results: list[dict[str, Any]]) -> None:
    for result in results:
        if result["error"] is None:
            where = f"  {result['base_url']}" if result["status"] == "ready" else ""
            word = "removed" if result["removed_at"] else result["status"]
            note = " (nothing to do)" if result["changed"] is False else ""
            printer.line(f"{result['name']}  {word}{where}{note}")
