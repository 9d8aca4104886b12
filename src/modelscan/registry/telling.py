"""The lines that tell of a seeding, as fleets search their logs for them (pure). None holds a variable's value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from modelscan.registry.seeding import SeedingReport


def seeding_lines(report: SeedingReport, names: Mapping[str, str], *, dry_run: bool = False) -> Iterator[str]:
    """One line each, without a time; none where there is nothing to tell. `names` are by id. A dry run tells what was
    read and what is wrong with it.
    """
    for skipped in report.skipped:
        yield f"WARN skipped seed variable={skipped.variable} reason={_quoted(skipped.reason)}"
    if not report.loaded:
        return
    yield f"INFO loaded seed models from environment count={report.loaded}"
    if not dry_run:
        yield f"INFO seeding models from environment variables count={report.loaded}"
    for warning in report.warnings:
        yield f"WARN seed variable={warning.variable} reason={_quoted(warning.reason)}"
    for failed in report.failed:
        shown = f" model_id={failed.id}" if failed.id is not None else ""
        yield f"ERROR failed to seed model variable={failed.variable}{shown} reason={_quoted(failed.reason)}"
    if dry_run:
        return
    for word, ids in (("created", report.created), ("updated", report.updated)):
        for model_id in ids:
            yield f"INFO {word} model from environment seed model_id={model_id} name={_quoted(names[model_id])}"
    yield "INFO completed model seeding from environment variables"


def unkept_line(reason: str) -> str:
    return f"WARN the log of seedings was not written reason={_quoted(reason)}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
