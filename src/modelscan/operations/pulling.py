"""Getting the weights of a decision onto this machine."""

from __future__ import annotations

from modelscan.hubs.files import Transferred
from modelscan.model import Candidate
from modelscan.operations.context import Context
from modelscan.operations.events import Event, Report


def ensure_weights(context: Context, candidate: Candidate, report: Report) -> tuple[str, str | None]:
    """Fetch what is missing of a candidate's weights; what the backend is given, and the commit that it is.

    Raises SourceUnavailable, Gated, Unauthorized, ModelNotFound, StorageFailed.
    """
    folder, commit = context.hub(candidate.source).download(
        candidate.repo_id, candidate.revision, on_progress=lambda now: report(progress_event(now))
    )
    return str(folder), commit or None


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
