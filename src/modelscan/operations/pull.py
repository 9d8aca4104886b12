"""`pull`: the weights that a name stands for, without deploying them; into the hub's cache, a folder, or S3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from modelscan.errors import Gated, SourceUnavailable, Unauthorized, Usage
from modelscan.hubs import s3
from modelscan.hubs.copying import copy_files
from modelscan.model import PlanRequest, Source, WeightsDescription
from modelscan.operations.context import Context
from modelscan.operations.events import Ask, Event, Report
from modelscan.operations.machine import machine
from modelscan.operations.planning import no_fit, plan_resolved, refuse_closed
from modelscan.operations.preflight import check_weights
from modelscan.operations.pulling import fetch, progress_event
from modelscan.operations.recording import described
from modelscan.operations.resolving import resolve_model
from modelscan.units import format_bytes


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
    """Weights that are there now: `id` as they were asked for, `revision` the commit, `path` a folder or an address in
    S3. `changed` is False when everything was there already.
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


def _newest(context: Context, weights: WeightsDescription, revision: str | None) -> WeightsDescription:
    """At the commit that the revision is now: `deploy` takes what is here, `pull` looks whether there is better."""
    if weights.source == "local_path":
        return weights
    hub = context.hub(weights.source)
    try:
        return replace(weights, commit=hub.listing(weights.repo_id, revision or weights.revision).commit)
    except SourceUnavailable as error:
        if isinstance(error, Gated | Unauthorized) or hub.cached(weights.repo_id, weights.commit) is None:
            raise
        return weights  # all is here, and nobody can be asked


def pull_model(context: Context, reference: str, wanted: PullRequest, *, report: Report, ask: Ask) -> Pulled:
    """Get the weights that `deploy` would take here, or would if they fitted.

    Raises ModelNotFound, ModelAmbiguous, ClosedWeights, NoFit (no weights of that quantization), and what
    `check_weights` and the hub raise.
    """
    model_id, weights = _choose(context, reference, wanted, report)
    weights = _newest(context, weights, wanted.revision)
    into = _folder(wanted.to)
    weights = check_weights(
        context,
        weights,
        trust_remote_code=wanted.trust_remote_code,
        allow_pickle=wanted.allow_pickle,
        ask=ask,
        into=into,
    )
    hub = context.hub(weights.source)
    before = hub.cached(weights.repo_id, weights.commit)
    files = hub.files(weights.repo_id, weights.commit or "")
    size = sum(file.size_bytes for file in files)
    report(Event("source", f"Source: {weights.repo_id} ({weights.source}), {format_bytes(size)}"))
    told = False

    def progress(event: Event) -> None:
        nonlocal told
        told = told or event.fields.get("done_bytes") != event.fields.get("total_bytes")
        report(event)

    if into is None:
        folder, _ = fetch(context, weights.source, weights.repo_id, weights.commit, progress)
        path, changed = str(folder), before is None
        if wanted.to is not None:
            address = s3.parse_s3(wanted.to)
            names = [file.path for file in files]
            sent = s3.upload(
                folder, names, address, on_progress=lambda now: report(progress_event(now)), clock=context.clock
            )
            path, changed = str(address), sent > 0
    elif before is not None:
        copied = copy_files(
            before, into, files, on_progress=lambda now: report(progress_event(now)), clock=context.clock
        )
        path, changed = str(into), copied > 0
    else:
        hub.download(weights.repo_id, weights.commit, on_progress=lambda now: progress(progress_event(now)), into=into)
        path, changed = str(into), told
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


def refuse_one_target(references: Sequence[str], to: str | None) -> None:
    """Raise Usage for several models into one place, where their files would mix."""
    if to is not None and len(set(references)) > 1:
        raise Usage(
            "several models cannot go to one `--to`: their files would mix",
            hints=[f"modelscan pull {name} --to {to.rstrip('/')}/{name.rpartition('/')[2]}" for name in references],
        )


def _choose(context: Context, reference: str, wanted: PullRequest, report: Report) -> tuple[str, WeightsDescription]:
    resolved = resolve_model(context, reference, wanted.source, wanted.revision)
    for text in resolved.warnings:
        report(Event("warning", text))
    for text in resolved.notes:
        report(Event("note", text))
    if resolved.model is not None:
        refuse_closed(resolved.model)
    request = PlanRequest(
        model=reference, quantization=wanted.quantization, source=wanted.source, revision=wanted.revision
    )
    planned = plan_resolved(context, resolved, request, machine(context))
    if planned.plan.chosen is not None:
        return resolved.model_id, described(planned, planned.plan.chosen)
    word = wanted.quantization or resolved.quantization
    fitting = [item for item in resolved.options if word in {None, item.quantization, (item.format or "").upper()}]
    if not fitting:
        raise no_fit(planned.plan)
    report(Event("note", f"{resolved.model_id} does not fit this machine; taking {fitting[0].repo_id} all the same"))
    return resolved.model_id, fitting[0]


def _folder(to: str | None) -> Path | None:
    """The folder that `--to` names, None for the hub's cache and for S3. Raises Usage."""
    if to is None or s3.is_s3(to):
        return None
    if "://" in to:
        raise Usage(f"weights cannot be brought to `{to}`", hints=["--to /a/folder", "--to s3://bucket/prefix"])
    folder = Path(to).expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise Usage(f"`{folder}` is no folder", hints=["name a folder, or one that does not exist yet"])
    return folder
