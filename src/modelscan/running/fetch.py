"""Getting weights onto this machine: those of a decision, or those that a name stands for."""

from __future__ import annotations

from pathlib import Path

from modelscan.hubs.files import Transferred
from modelscan.hubs.ledger import Ledger
from modelscan.hubs.stored import repo_folder
from modelscan.model import Candidate, Source
from modelscan.model.events import Event, Report
from modelscan.selecting.context import Context


def ensure_weights(context: Context, candidate: Candidate, report: Report) -> tuple[str, str | None]:
    """Fetch what is missing of a candidate's weights; what the backend is given, and the commit that it is.

    What lies in S3 the backend reads there. Raises SourceUnavailable, Gated, Unauthorized, ModelNotFound,
    StorageFailed.
    """
    if candidate.source == "s3":
        return candidate.repo_id, candidate.revision
    folder, commit = fetch(context, candidate.source, candidate.repo_id, candidate.revision, report)
    return str(folder), commit or None


def fetch(context: Context, source: Source, repo_id: str, revision: str | None, report: Report) -> tuple[Path, str]:
    """The same for any repo, into its hub's own cache. That it was not there before is remembered."""
    hub = context.hub(source)
    if source != "local_path":
        repo = repo_folder(hub.place(repo_id, revision or "main"))
        if not repo.exists():
            with Ledger(context.settings.paths, context.clock) as ledger:
                ledger.add_download(repo, source, repo_id)
    return hub.download(repo_id, revision, on_progress=lambda now: report(progress_event(now)))


def progress_event(now: Transferred) -> Event:
    return Event(
        "pull",
        str(now),
        {
            "fraction": now.fraction,
            "done_bytes": now.done_bytes,
            "total_bytes": now.total_bytes,
            "bytes_per_second": now.bytes_per_second,
            "seconds_left": now.seconds_left,
        },
    )
