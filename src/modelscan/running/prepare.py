"""Prepare what a record needs before its backend can start: environment, weights, command line.

What was made already is found again, so an interrupted preparation is resumed by doing it once more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from modelscan import dataclasses
from modelscan.backends.base import Launch
from modelscan.backends.registry import BACKENDS
from modelscan.deployments.again import again
from modelscan.deployments.document import deployment_of
from modelscan.deployments.files import files_of
from modelscan.deployments.record import Record
from modelscan.deployments.store import Store
from modelscan.deployments.transitions.preparing import installing, prepared, progressed, pulling
from modelscan.environments.serving import bring_up_to_date
from modelscan.errors import StateDamaged
from modelscan.model import Candidate, Device, Installation, ModelInProcess, Progress
from modelscan.model.events import Event, Report
from modelscan.planning.decide.several import served_of
from modelscan.running.fetch import ensure_adapter, ensure_weights, first_file
from modelscan.running.installing import add_reader, install_backend
from modelscan.selecting.context import Context
from modelscan.selecting.installations import choose, device_of, installations
from modelscan.selecting.machine import machine
from modelscan.storage.documents import checked_document
from modelscan.targets.target import Hosts

_PROGRESS_SECONDS = 1.0


def prepare(context: Context, record: Record, report: Report, installation: Installation | None = None) -> Record:
    """Install the backend and fetch the weights where they are missing, and pin the exact command line.

    Call it with the record's command lock held. Raises what installing and downloading raise.
    """
    try:
        chosen = checked_document(Candidate, record.pinned.plan)
    except (TypeError, ValueError) as error:
        raise StateDamaged(
            f"the plan of `{record.name}` is damaged",
            cause=[str(error)],
            hints=[f"modelscan remove {record.name}", again(deployment_of(record))],
            details={"id": record.id},
        ) from error
    if installation is None:
        installation = _installed(context, record, chosen, report)
    bring_up_to_date(installation)
    location, commit = _weights(context, record, chosen, report)
    models = tuple(_fetched(context, record, item, report) for item in record.pinned.models)
    backend = BACKENDS[chosen.backend]
    given, projector = first_file(location, chosen.quantization) if backend.runs.takes_file else (location, None)
    launch = Launch(
        location=given,
        projector=projector,
        served_model_names=record.spec.served_model_names,
        port=record.pinned.port or 0,
        host=record.pinned.host,
        program=installation.program,
        api_key_env=record.spec.api_key_env,
        own_folder=str(files_of(context.settings.paths, record.id).folder / "assets"),
        device=installation.device,
        socket=record.pinned.socket,
        sleep=record.spec.sleep,
        adapters=_adapters(context, record, chosen, report),
        beside=tuple(served_of(item) for item in models[1:]),
    )
    command = backend.command_line(chosen, launch)
    for text in (*backend.runs.cautions, *command.dropped):
        report(Event("warning", text))
    with Store(context.settings.paths, context.clock) as store:
        return store.write(
            prepared(
                store.by_id(record.id),
                backend_version=installation.version,
                program=installation.program,
                location=location,
                revision=commit,
                argv=command.argv,
                env={**command.env},
                models=models,
            )
        )


def prepare_there(context: Context, record: Record, host: Hosts, report: Report) -> Record:
    """Have the target's own program fetch the model where it is missing. Raises as `Hosts.fetch` does."""
    with Store(context.settings.paths, context.clock) as store:
        return host.fetch(record, store, report)


def device_for(context: Context, chosen: Candidate) -> Device:
    """The kind of build that a candidate runs in here."""
    return device_of(machine(context)) if chosen.gpu_indices else "cpu"


def _installed(context: Context, record: Record, chosen: Candidate, report: Report) -> Installation:
    """The installation of the plan's version; where it is gone or was never finished, it is made."""
    device = device_for(context, chosen)
    streamed = chosen.source == "s3"
    found = choose(
        installations(context),
        chosen.backend,
        chosen.backend_version,
        device=device,
        reader=streamed,
        libraries=chosen.libraries,
    )
    if found is not None and not streamed:
        return found
    write = _progress_writer(context, installing(record))

    def on_line(line: str) -> None:
        report(Event("install", line))
        write(None, line)

    if found is None:
        variant = BACKENDS[chosen.backend].variant_with(chosen.libraries)
        found = install_backend(
            context, chosen.backend, chosen.backend_version, variant=variant, device=device, on_line=on_line
        )
    return add_reader(context, found, on_line=on_line) if streamed else found


def _weights(context: Context, record: Record, chosen: Candidate, report: Report) -> tuple[str, str | None]:
    pinned = dataclasses.replace(chosen, revision=record.pinned.revision)
    return ensure_weights(context, pinned, _pulling(context, record, report))


def _pulling(context: Context, record: Record, report: Report) -> Report:
    write = _progress_writer(context, pulling(record))

    def on_event(event: Event) -> None:
        report(event)
        if event.kind == "pull":
            write(event.fields.get("fraction"), event.message)

    return on_event


def _fetched(context: Context, record: Record, item: ModelInProcess, report: Report) -> ModelInProcess:
    """One of several models of the process, with its weights here."""
    wanted = Candidate(backend=record.pinned.backend, source=item.source, repo_id=item.repo_id, revision=item.revision)
    location, commit = ensure_weights(context, wanted, _pulling(context, record, report))
    return dataclasses.replace(item, location=location, revision=commit or item.revision)


def _adapters(context: Context, record: Record, chosen: Candidate, report: Report) -> Mapping[str, str]:
    if not chosen.adapters:
        return {}
    on_event = _pulling(context, record, report)
    return {item.name: ensure_adapter(context, item, on_event) for item in chosen.adapters}


def _progress_writer(context: Context, record: Record) -> Callable[[float | None, str], None]:
    """Store a phase, and its progress at most once a second."""
    with Store(context.settings.paths, context.clock) as store:
        store.write(record)
    written = context.clock.monotonic()

    def write(fraction: float | None, detail: str) -> None:
        nonlocal written
        if context.clock.monotonic() - written < _PROGRESS_SECONDS:
            return
        written = context.clock.monotonic()
        with Store(context.settings.paths, context.clock) as store:
            store.write(progressed(record, Progress(fraction=fraction, detail=detail[:200])))

    return write
