"""`pull`: download the weights of a model into the hub's cache, a folder or S3, without deploying it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from modelscan.dataclasses import dataclass, replace
from modelscan.errors import Gated, SourceUnavailable, Unauthorized, Usage
from modelscan.hubs.files import OnProgress, RemoteFile
from modelscan.hubs.folder.copying import copy_files
from modelscan.hubs.folder.describe import describe_folder
from modelscan.hubs.ledger import Ledger, PlacedFile
from modelscan.hubs.protocol import Fetches, InFolder, Streamed
from modelscan.hubs.s3.client import refuse_offline, require_reachable
from modelscan.hubs.s3.download import download
from modelscan.hubs.s3.upload import upload
from modelscan.model import PlanRequest, Source, WeightsDescription
from modelscan.model.events import Ask, Event, Report
from modelscan.running.choice import report_reading
from modelscan.running.fetch import fetch, progress_event, wanted_form
from modelscan.running.preflight import check_weights
from modelscan.selecting.context import Context
from modelscan.selecting.machine import machine
from modelscan.selecting.others import refuse_closed
from modelscan.selecting.plan import described, no_fit, plan_resolved
from modelscan.selecting.resolve import resolve_model
from modelscan.units import format_bytes
from modelscan.weights.address import is_s3, parse_s3


@dataclass(frozen=True, kw_only=True, slots=True)
class PullRequest:
    """`to` is a folder or an address in S3, None for the hub's own cache."""

    quantization: str | None = None
    source: Source | None = None
    revision: str | None = None
    to: str | None = None
    allow_pickle: bool = False
    trust_remote_code: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Pulled:
    """Downloaded weights: `id` as requested, `revision` the commit, `path` a folder or an S3 address. `changed` is
    False when everything was present already.
    """

    id: str
    model: str
    source: Source
    repo_id: str
    revision: str | None
    quantization: str | None
    path: str
    size_bytes: int
    changed: bool


def _newest(context: Context, hub: Fetches, weights: WeightsDescription, revision: str | None) -> WeightsDescription:
    """At the current commit of the revision: `deploy` takes what is on disk, `pull` asks for updates."""
    try:
        listing = context.describer(weights.source).listing(weights.repo_id, revision or weights.revision)
        return replace(weights, commit=listing.commit)
    except SourceUnavailable as error:
        if isinstance(error, Gated | Unauthorized) or hub.cached(weights.repo_id, weights.commit) is None:
            raise
        return weights  # complete on disk, and the hub cannot be reached


def pull_model(context: Context, reference: str, wanted: PullRequest, *, report: Report, ask: Ask) -> Pulled:
    """Download the weights that `deploy` would use here, or would if they fitted; from S3 into a folder.

    Raises ModelNotFound, ModelAmbiguous, ClosedWeights, NoFit (no weights of that quantization), and what
    `check_weights` and the hub raise.
    """
    if is_s3(reference):
        return _from_s3(context, reference, wanted, report)
    if wanted.to is not None and is_s3(wanted.to):
        refuse_offline(parse_s3(wanted.to), context.settings)
        require_reachable(parse_s3(wanted.to))  # before hours of downloading
    model_id, weights, form = _choose(context, reference, wanted, report)
    delivery = context.delivery(weights.source, weights.repo_id)
    if isinstance(delivery, Streamed):
        return _from_s3(context, weights.repo_id, PullRequest(to=wanted.to), report)
    if not isinstance(delivery, InFolder):
        weights = _newest(context, delivery, weights, wanted.revision)
    into = _folder(wanted.to)
    weights = check_weights(
        context,
        weights,
        trust_remote_code=wanted.trust_remote_code,
        allow_pickle=wanted.allow_pickle,
        ask=ask,
        into=into,
        form=form,
    )
    files = context.describer(weights.source).files(weights.repo_id, weights.commit or "", form=form)
    size = sum(file.size_bytes for file in files)
    report(Event("source", f"Source: {weights.repo_id} ({weights.source}), {format_bytes(size)}"))
    if wanted.to is not None:
        _note_place(context, str(into or parse_s3(wanted.to)), weights.repo_id, files)
    if into is not None:
        path, changed = str(into), _into_folder(context, delivery, weights, files, into, report, form=form)
    else:
        here = _here(delivery, weights, form=form)
        folder, _ = fetch(context, delivery, weights.repo_id, weights.commit, report, form=form)
        path, changed = str(folder), here is None
        if wanted.to is not None:
            path, changed = _into_s3(context, folder, files, wanted.to, report)
    return Pulled(
        id=reference,
        model=model_id,
        source=weights.source,
        repo_id=weights.repo_id,
        revision=weights.commit,
        quantization=weights.quantization,
        path=path,
        size_bytes=size,
        changed=changed,
    )


def _note_place(context: Context, place: str, repo_id: str, files: Sequence[RemoteFile]) -> None:
    """What is about to be put there, so that it can be told from what is not ours."""
    placed = [PlacedFile(repo_id=repo_id, path=file.path, size_bytes=file.size_bytes) for file in files]
    with Ledger(context.settings.paths, context.clock) as ledger:
        ledger.place(place, placed)


def _here(delivery: Fetches | InFolder, weights: WeightsDescription, *, form: str | None) -> Path | None:
    """The folder on this machine that holds all of the weights."""
    if isinstance(delivery, InFolder):
        return delivery.path
    return delivery.cached(weights.repo_id, weights.commit, form=form)


def _into_folder(
    context: Context,
    delivery: Fetches | InFolder,
    weights: WeightsDescription,
    files: Sequence[RemoteFile],
    into: Path,
    report: Report,
    *,
    form: str | None,
) -> bool:
    """Copy or download into a folder; whether anything changed. Cached files are copied, which needs no network."""
    here = _here(delivery, weights, form=form)
    if here is not None:
        return copy_files(here, into, files, on_progress=_reporting(report), clock=context.clock) > 0
    assert not isinstance(delivery, InFolder)  # noqa: S101  those weights are always on disk
    before = {file.path for file in files if (into / file.path).is_file()}
    delivery.download(weights.repo_id, weights.commit, on_progress=_reporting(report), into=into, form=form)
    return len(before) < len(files)


def _into_s3(
    context: Context, folder: Path, files: Sequence[RemoteFile], target: str, report: Report
) -> tuple[str, bool]:
    address = parse_s3(target)
    names = [file.path for file in files]
    sent = upload(folder, names, address, on_progress=_reporting(report), clock=context.clock)
    return str(address), sent > 0


def _from_s3(context: Context, reference: str, wanted: PullRequest, report: Report) -> Pulled:
    address, into = parse_s3(reference), _folder(wanted.to)
    if into is None or wanted.quantization or wanted.source or wanted.revision:
        raise Usage(
            f"weights in S3 (`{address}`) can only be downloaded as a whole, with `--to FOLDER`",
            hints=[f"modelscan pull {address} --to ./{address.name}"],
        )
    refuse_offline(address, context.settings)
    size, fetched = download(address, into, on_progress=_reporting(report), clock=context.clock)
    weights = describe_folder(into)
    return Pulled(
        id=reference,
        model=into.name,
        source="local_path",
        repo_id=str(into),
        revision=None,
        quantization=weights.quantization,
        path=str(into),
        size_bytes=size,
        changed=fetched > 0,
    )


def _reporting(report: Report) -> OnProgress:
    return lambda now: report(progress_event(now))


def refuse_one_target(references: Sequence[str], to: str | None) -> None:
    """Raise Usage for several models and one destination, where their files would mix."""
    if to is not None and len(set(references)) > 1:
        raise Usage(
            "`--to` takes one model: the files of several would mix",
            hints=[f"modelscan pull {name} --to {to.rstrip('/')}/{name.rpartition('/')[2]}" for name in references],
        )


def _choose(
    context: Context, reference: str, wanted: PullRequest, report: Report
) -> tuple[str, WeightsDescription, str | None]:
    """The model, its weights, and which copy of them the planned command loads."""
    resolved = resolve_model(context, reference, wanted.source, wanted.revision)
    report_reading(resolved, report)
    request = PlanRequest(
        model=reference, quantization=wanted.quantization, source=wanted.source, revision=wanted.revision
    )
    if resolved.model is not None:
        refuse_closed(context, resolved.model, request)
    hardware = machine(context)
    for fault in hardware.faults:
        report(Event("warning", fault))
    planned = plan_resolved(context, resolved, request, hardware)
    if planned.plan.chosen is not None:
        chosen = planned.plan.chosen
        return resolved.model_id, described(planned, chosen), wanted_form(chosen)
    word = wanted.quantization or resolved.quantization
    fitting = [item for item in resolved.options if word in {None, item.quantization, (item.format or "").upper()}]
    if not fitting:
        raise no_fit(planned.plan)
    report(Event("note", f"{resolved.model_id} does not fit this machine; downloading {fitting[0].repo_id} anyway"))
    form = fitting[0].quantization if fitting[0].format == "gguf" else None
    return resolved.model_id, fitting[0], form


def _folder(to: str | None) -> Path | None:
    """The folder that `--to` names, None for the hub's cache and for S3. Raises Usage."""
    if to is None or is_s3(to):
        return None
    if "://" in to:
        raise Usage(
            f"`{to}` is not a valid destination for weights", hints=["--to /a/folder", "--to s3://bucket/prefix"]
        )
    folder = Path(to).expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise Usage(f"`{folder}` is not a folder", hints=["name a folder, existing or new"])
    return folder
