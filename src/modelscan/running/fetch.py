"""Download weights: those of a plan, or those of a name."""

from __future__ import annotations

from pathlib import Path

from modelscan.backends.registry import BACKENDS
from modelscan.hubs.files import Transferred
from modelscan.hubs.folder.describe import describe_folder
from modelscan.hubs.ledger import Ledger
from modelscan.hubs.protocol import Fetches, InFolder, Streamed
from modelscan.hubs.stored import repo_folder
from modelscan.model import Adapter, Candidate
from modelscan.model.events import Event, Report
from modelscan.selecting.adapters.words import adapter_location
from modelscan.selecting.context import Context
from modelscan.weights.reading.gguf_files import gguf_files, projector_of
from modelscan.weights.reading.selection import ADAPTER, OWN_FORM


def ensure_weights(context: Context, candidate: Candidate, report: Report) -> tuple[str, str | None]:
    """Fetch what is missing of a candidate's weights; what the backend is given, and the commit that it is.

    What lies in S3 the backend reads there. Raises SourceUnavailable, Gated, Unauthorized, ModelNotFound,
    StorageFailed.
    """
    delivery = context.delivery(candidate.source, candidate.repo_id)
    if isinstance(delivery, Streamed):
        return candidate.repo_id, candidate.revision
    form = wanted_form(candidate)
    folder, commit = fetch(context, delivery, candidate.repo_id, candidate.revision, report, form=form)
    return str(folder), commit or None


def ensure_adapter(context: Context, adapter: Adapter, report: Report) -> str:
    """The same of an adapter: the place that the backend is given."""
    delivery = context.delivery(adapter.source, adapter.repo_id)
    if isinstance(delivery, InFolder | Streamed):
        return adapter_location(adapter, Path(adapter.repo_id))
    folder, _ = fetch(context, delivery, adapter.repo_id, adapter.revision, report, form=ADAPTER)
    return adapter_location(adapter, folder)


def first_file(location: str, quantization: str | None) -> tuple[str, str | None]:
    """The first file of the weights in a folder, and that of the tower of a model that sees: for a backend that is
    given files. What is no folder here stays as it is.
    """
    folder = Path(location)
    if not folder.is_dir():
        return location, None
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*.gguf")]
    files, projector = gguf_files(names, quantization), projector_of(names)
    return str(folder / files[0]) if files else location, str(folder / projector) if projector else None


def wanted_form(candidate: Candidate) -> str | None:
    """Which copy of the weights the planned command loads, where a repo has several: the vendor's own, or one of the
    quantizations of GGUF.
    """
    if BACKENDS[candidate.backend].runs.takes_file:
        return candidate.quantization
    words = " ".join((*candidate.model_args, *candidate.extra_args)).replace("=", " ")
    return OWN_FORM if "--load-format mistral" in words else None


def fetch(
    context: Context,
    delivery: Fetches | InFolder,
    repo_id: str,
    revision: str | None,
    report: Report,
    *,
    form: str | None = None,
) -> tuple[Path, str]:
    """The folder that holds weights, and their commit: of a hub in its own cache, which is remembered where it was not
    there before.
    """
    if isinstance(delivery, InFolder):
        describe_folder(delivery.path)  # raises where there is no model in it any more
        return delivery.path, ""
    repo = repo_folder(delivery.folder(repo_id, revision or "main"))
    if not repo.exists():
        with Ledger(context.settings.paths, context.clock) as ledger:
            ledger.add_download(repo, delivery.source, repo_id)
    return delivery.download(repo_id, revision, on_progress=lambda now: report(progress_event(now)), form=form)


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
