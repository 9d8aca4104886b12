"""The user's Ollama as a target."""

# ruff: noqa: ARG002  the Protocol names the arguments

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from modelscan import dataclasses
from modelscan.dataclasses import dataclass
from modelscan.deployments.files import files_of
from modelscan.deployments.record import LastError, Record
from modelscan.deployments.store import Store
from modelscan.deployments.transitions.ending import failed, stopped
from modelscan.deployments.transitions.preparing import fetched_there, progressed, pulling, purged_there
from modelscan.deployments.transitions.starting import starting
from modelscan.errors import SourceUnavailable
from modelscan.model import Claim, Hardware, Progress
from modelscan.model.events import Event, Report
from modelscan.routing.ollama import normal_tag, ollama_address, refuse_cloud, spellings
from modelscan.storage.locks import is_held
from modelscan.storage.logs.reading import LogLine
from modelscan.system.clock import rfc3339
from modelscan.targets.ollama.daemon import Daemon, PullStep
from modelscan.targets.ollama.observing import as_found, as_loaded, without_daemon
from modelscan.targets.site import Site
from modelscan.targets.target import KeptWeights, Placement, ReadMachine, Target
from modelscan.units import format_bytes

_POLL_SECONDS = 0.1
_PROGRESS_SECONDS = 1.0
# Source: ollama/ollama, `docs/troubleshooting.mdx`, MIT.
_LOGS = (
    "Ollama keeps one log for all of its models, on the machine at {address}:",
    "installed as a service of Linux: journalctl --no-pager --pager-end --unit ollama",
    "the app of macOS: cat ~/.ollama/logs/server.log",
    "in a container: docker logs CONTAINER",
    "started by hand: what `ollama serve` prints",
)


@dataclass(frozen=True, slots=True)
class OllamaTarget:
    """Deploying loads a model for good, and stopping unloads it. The daemon is the user's."""

    site: Site
    is_local: bool = False

    def choose(self, name: str) -> tuple[str, ...]:
        tag = normal_tag(name)
        refuse_cloud(tag, {}, "modelscan model add --ollama")
        daemon = Daemon(ollama_address(self.site.environ))
        daemon.version()
        if (found := daemon.listed(tag)) is not None:
            refuse_cloud(tag, found.entry, "modelscan model add --ollama")
        return spellings(tag)

    def place(self, record: Record, among: Placement) -> Record:
        """At the address where Ollama is reached now; one that has an address keeps it."""
        if record.pinned.base_url is not None:
            return record
        base_url = ollama_address(self.site.environ)
        pinned = dataclasses.replace(record.pinned, base_url=base_url, openai_base_url=f"{base_url}/v1")
        return dataclasses.replace(record, pinned=pinned)

    def fetch(self, record: Record, store: Store, report: Report) -> Record:
        daemon, tag = _daemon(record), _tag(record)
        version, is_missing = daemon.version(), daemon.listed(tag) is None
        if is_missing:
            self._pull(record, store, report)
        task, quantization = daemon.purpose(tag)
        found = daemon.listed(tag) if is_missing else None
        return store.write(
            fetched_there(
                store.by_id(record.id),
                version=version,
                task=task,
                quantization=quantization,
                fetched=found.digest if found is not None else None,
            )
        )

    def _pull(self, record: Record, store: Store, report: Report) -> None:
        clock, began, written = self.site.clock, self.site.clock.monotonic(), float("-inf")
        record = store.write(pulling(record))
        report(Event("phase", f"Ollama pulls {_tag(record)}"))
        for step in _daemon(record).pull(_tag(record)):
            now = clock.monotonic()
            event = _pull_event(step, now - began)
            report(event)
            if now - written >= _PROGRESS_SECONDS:
                written = now
                store.write(progressed(record, Progress(fraction=event.fields["fraction"], detail=event.message[:200])))

    def start(self, record: Record, store: Store, *, weights_environment: Mapping[str, str]) -> Record:
        """Returns when it is loaded: Ollama loads for as long as somebody waits for it."""
        if record.status.current == "ready":
            return record
        daemon, tag = _daemon(record), _tag(record)
        record = store.write(starting(record, self._now()))
        try:
            daemon.load(tag, record.pinned.task)
            loaded = daemon.loaded(tag)
        except SourceUnavailable as error:
            return store.write(self._not_loaded(store.by_id(record.id), error))
        if loaded is None:
            gone = LastError(cause="Ollama unloaded it at once", hints=(f"modelscan start {record.name}",))
            return store.write(failed(record, self._now(), gone))
        return store.write(as_loaded(record, self._now(), loaded))

    def _not_loaded(self, record: Record, error: SourceUnavailable) -> Record:
        if "status" not in error.details:
            return without_daemon(record, self._now(), error)
        cause = error.cause[0] if error.cause else error.message
        return failed(record, self._now(), LastError(cause=f"Ollama could not load it: {cause}"))

    def observe(self, record: Record, *, commanding: bool = False) -> Record:
        if record.status.removed_at is not None or not record.is_live:
            return record
        if not commanding and is_held(files_of(self.site.paths, record.id).command_lock):
            return record
        try:
            loaded = _daemon(record).loaded(_tag(record))
        except SourceUnavailable as error:
            return without_daemon(record, self._now(), error)
        return as_found(record, self._now(), loaded=loaded)

    def stop(self, record: Record, store: Store, *, hardware: ReadMachine | None = None, rests: bool = False) -> Record:
        """Unload it, unless another deployment of the same model is live."""
        if record.status.current == "stopped":
            return record
        return store.write(stopped(record, self._now(), self._unloaded(record, store)))

    def _unloaded(self, record: Record, store: Store) -> str | None:
        """What is worth saying: where it is not out of the memory."""
        daemon, tag = _daemon(record), _tag(record)
        others = [item.name for item in store.list() if item.id != record.id and item.is_live and _same(item, record)]
        if others:
            return f"it stays loaded for `{others[0]}`"
        try:
            if daemon.loaded(tag) is None:
                return None
            daemon.unload(tag)
            until = self.site.clock.monotonic() + self.site.pace.release_timeout
            while daemon.loaded(tag) is not None:
                if self.site.clock.monotonic() >= until:
                    return "Ollama unloads it when its last request is answered"
                self.site.clock.sleep(_POLL_SECONDS)
        except SourceUnavailable as error:
            return f"{error.message}: nothing was unloaded"
        return None

    def forget(self, record: Record) -> None:
        shutil.rmtree(files_of(self.site.paths, record.id).folder, ignore_errors=True)

    def kept(self, record: Record, store: Store) -> KeptWeights | None:
        found = _daemon(record).listed(_tag(record))
        if found is None:
            return None
        known = store.list(include_removed=True)  # the files outlive the deployment that fetched them
        ours = any(_same(item, record) and item.pinned.plan.get("fetched") == found.digest for item in known)
        return KeptWeights(size_bytes=found.size_bytes, is_ours=ours and bool(found.digest))

    def purge(self, record: Record, store: Store) -> None:
        _daemon(record).delete(_tag(record))
        for item in store.list(include_removed=True):
            if _same(item, record) and "fetched" in item.pinned.plan:
                store.write(purged_there(item))

    def logs(
        self,
        record: Record,
        *,
        tail: int | None,
        since: datetime | None,
        is_over: Callable[[], bool] | None,
    ) -> Iterator[LogLine]:
        """Where Ollama's own log is: its API does not hand it out."""
        return iter([LogLine("", line.format(address=record.pinned.base_url)) for line in _LOGS])

    def endpoint(self, record: Record) -> str | None:
        return record.pinned.base_url

    def claims(self, records: Sequence[Record], hardware: Hardware) -> tuple[Claim, ...]:
        """None: what is loaded is seen as used memory."""
        return ()

    def _now(self) -> str:
        return rfc3339(self.site.clock.now())


def _daemon(record: Record) -> Daemon:
    return Daemon(record.pinned.base_url or "")


def _tag(record: Record) -> str:
    return record.pinned.repo_id or record.spec.model


def _same(one: Record, other: Record) -> bool:
    """Whether two records are of one model of one Ollama."""
    there = (one.spec.target, one.pinned.base_url, _tag(one))
    return there == (other.spec.target, other.pinned.base_url, _tag(other))


def _pull_event(step: PullStep, seconds: float) -> Event:
    sizes = f": {format_bytes(step.done_bytes)} of {format_bytes(step.total_bytes)}" if step.total_bytes else ""
    rate = step.done_bytes / seconds if seconds > 0 and step.done_bytes else None
    return Event(
        "pull",
        f"{step.words}{sizes}",
        {
            "fraction": step.done_bytes / step.total_bytes if step.total_bytes else None,
            "done_bytes": step.done_bytes,
            "total_bytes": step.total_bytes or None,
            "bytes_per_second": rate,
            "seconds_left": (step.total_bytes - step.done_bytes) / rate if rate else None,
        },
    )


def target(site: Site) -> Target:
    return OllamaTarget(site)
