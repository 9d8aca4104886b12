"""Fetch the sources again and replace the user's index in one step.

A source that is down or sends something else keeps its records from the current index, which holds them verbatim.
Readers see the old index or the new one, never half of one.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from modelscan import dataclasses
from modelscan.catalog.index.build import build_index
from modelscan.catalog.index.index import Index, open_base, open_shipped
from modelscan.catalog.index.overlay import read_local
from modelscan.catalog.index.whole import mark_as_whole
from modelscan.catalog.merging.merge import merge
from modelscan.catalog.merging.shapes import with_shapes
from modelscan.catalog.refresh.shapes import SHAPES, Shapes
from modelscan.catalog.refresh.shipped import read_ours, read_tables_of_ours
from modelscan.catalog.refresh.tombstones import kept
from modelscan.catalog.sources import gpustack, models_dev, vllm_recipes
from modelscan.catalog.sources import local_files as local_source
from modelscan.catalog.sources.downloads import Downloads, Fetcher, is_remote, shown
from modelscan.catalog.sources.record import Parsed
from modelscan.catalog.sources.registry import FETCHED
from modelscan.catalog.sources.state import SkippedCount, SourceState
from modelscan.dataclasses import dataclass
from modelscan.errors import SourceUnavailable, Usage
from modelscan.parsing.addresses import is_loopback
from modelscan.parsing.problems import NotThisFormat
from modelscan.parsing.text import clean
from modelscan.registry.files import local_files
from modelscan.settings.reading import Settings
from modelscan.storage.database import refused
from modelscan.storage.files import private_folder, translated
from modelscan.storage.shipped import shipped_text
from modelscan.system.clock import Clock, rfc3339

Progress = Callable[[str, str], None]
_UNFINISHED = ".index-"
_LEFTOVER_SECONDS = 3600.0
NAMES = (*FETCHED, local_source.NAME)


@dataclass(frozen=True, kw_only=True, slots=True)
class RefreshedSource:
    """`records` counts the entries in use; `fetched_at` is when they were fetched."""

    name: str
    status: Literal["updated", "unchanged", "failed"]
    records: int
    skipped: tuple[SkippedCount, ...] = ()
    error: str | None = None
    fetched_at: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RefreshReport:
    sources: tuple[RefreshedSource, ...]
    models: int


@dataclass(slots=True)
class _SourcePart:
    """What one source contributes to the new index."""

    report: RefreshedSource
    state: SourceState
    parsed: Parsed


def refresh(
    settings: Settings,
    http: Fetcher,
    clock: Clock,
    *,
    only: str | None = None,
    keep: Collection[str] = (),
    progress: Progress | None = None,
) -> RefreshReport:
    """Fetch every source (or `only` one), and replace the user's index.

    Ids in `keep` stay though no source names them any more. `progress` is called with a source and what is happening.
    Raises Usage (unknown source), SourceUnavailable (nothing could be refreshed; the old index stays), StorageFailed.
    """
    if only not in {None, *NAMES}:
        raise Usage(f"`{only}` is not a catalog source", hints=[f"one of: {', '.join(NAMES)}"])
    with _without_collector():
        return _refresh(settings, http, clock, NAMES if only is None else (only,), keep, progress)


def _refresh(
    settings: Settings,
    http: Fetcher,
    clock: Clock,
    wanted: Sequence[str],
    keep: Collection[str],
    progress: Progress | None,
) -> RefreshReport:
    now = rfc3339(clock.now())
    current = open_base(settings.paths.index_file)
    parts: list[_SourcePart] = []
    for name, addresses in _addresses(settings).items():
        if name not in wanted:
            parts.append(_keep(name, current))
        elif settings.offline and any(is_remote(address) for address in addresses):
            parts.append(_keep(name, current, error="its address cannot be reached offline"))
        else:
            report = functools.partial(progress, name) if progress else None
            downloads = Downloads(http, clock, settings.paths.downloads_folder, report)
            parts.append(_fetch(name, addresses, downloads, current, now))
    asked = [part.report for part in parts if part.report.name in wanted]
    if asked and all(report.status == "failed" for report in asked):
        raise SourceUnavailable(
            "no catalog source could be refreshed; the current index stays",
            cause=[f"{report.name}: {report.error}" for report in asked],
            hints=["modelscan config show", "modelscan catalog sources"],
            details={"sources": {report.name: report.error for report in asked}},
        )
    if progress:
        progress("index", "merging the sources")
    _clear_leftovers(settings.paths.index_file.parent, before=clock.now().timestamp() - _LEFTOVER_SECONDS)
    models = _replace_index(settings, parts, current, keep, now)
    current.close()
    reports = [*asked, *([_local(settings, now)] if local_source.NAME in wanted else [])]
    return RefreshReport(sources=tuple(reports), models=models)


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """Turn off garbage collection: a refresh makes about a million objects and needs them all to the end, so that each
    collection costs more and frees nothing (a fifth of the time).
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def insecure_addresses(settings: Settings) -> list[str]:
    """Addresses whose answers anybody on the network could change: `http:` beyond this machine."""
    found = [address for addresses in _addresses(settings).values() for address in addresses]
    return [
        address
        for address in found
        if urlsplit(address).scheme == "http" and not is_loopback(urlsplit(address).hostname)
    ]


def _addresses(settings: Settings) -> dict[str, tuple[str, ...]]:
    return {
        models_dev.NAME: (settings.catalog.models_dev_url,),
        vllm_recipes.NAME: (settings.catalog.vllm_recipes_url,),
        gpustack.NAME: (settings.catalog.gpustack_catalog_url, settings.catalog.gpustack_modelscope_catalog_url),
    }


def _fetch(name: str, addresses: tuple[str, ...], downloads: Downloads, current: Index, now: str) -> _SourcePart:
    """The new records of a source, or its last good ones and why."""
    source, last = FETCHED[name], _last_state(name, current)
    try:
        parsed = source.fetch(addresses, downloads.get, functools.partial(current.entries, name))
    except (SourceUnavailable, NotThisFormat) as error:
        cause = [error.message, *error.cause] if isinstance(error, SourceUnavailable) else [str(error)]
        return _keep(name, current, error=clean("; ".join(cause)))
    state = SourceState(
        name=name,
        origin=", ".join(shown(address) for address in addresses),
        date=now[:10],
        license=source.LICENSE,
        records=source.count(parsed),
        skipped=parsed.skipped_counts(),
        fetched_at=now,
        digest=downloads.digest(),
    )
    return _SourcePart(_report(state, "unchanged" if state.digest == last.digest else "updated"), state, parsed)


def _last_state(name: str, current: Index) -> SourceState:
    found = next((state for state in current.sources() if state.name == name), None)
    return found or SourceState(name=name, origin="unknown", records=0)


def _keep(name: str, current: Index, error: str | None = None) -> _SourcePart:
    """The records of the current index, parsed again from their verbatim entries."""
    state = dataclasses.replace(_last_state(name, current), error=error)
    parsed = FETCHED[name].parse_entries(current.entries(name))
    return _SourcePart(_report(state, "failed" if error else "unchanged"), state, parsed)


def _report(state: SourceState, status: Literal["updated", "unchanged", "failed"]) -> RefreshedSource:
    return RefreshedSource(
        name=state.name,
        status=status,
        records=state.records,
        skipped=state.skipped,
        error=state.error,
        fetched_at=state.fetched_at,
    )


def _local(settings: Settings, now: str) -> RefreshedSource:
    """The user's files are read on every use; a refresh only reports what is in them."""
    parsed, problems = read_local(local_files(settings))
    return RefreshedSource(
        name=local_source.NAME,
        status="failed" if problems and not parsed.records else "unchanged",
        records=len(parsed.records),
        skipped=parsed.skipped_counts(),
        error="; ".join(problems) or None,
        fetched_at=now,
    )


def _replace_index(
    settings: Settings, parts: Sequence[_SourcePart], current: Index, keep: Collection[str], now: str
) -> int:
    """Build beside the old index and move over it. Returns the number of models."""
    ours, our_states = read_ours(shipped_text)
    tables = read_tables_of_ours(shipped_text)
    fetched = [record for part in parts for record in part.parsed.records]
    attached = [entry for part in parts for entry in part.parsed.attached]
    with contextlib.closing(open_shipped()) as shipped:
        said = Shapes(shipped_text, shipped.raw_entries(SHAPES))
    merged = list(with_shapes(merge([*ours, *fetched], tables), said))
    merged.extend(list(kept(current, merged, keep, now[:10])))
    path = settings.paths.index_file
    folder = private_folder(path.parent)
    with refused(path), translated(path), tempfile.TemporaryDirectory(prefix=_UNFINISHED, dir=folder) as temporary:
        unfinished = Path(temporary) / path.name
        build_index(unfinished, merged, tables, [*our_states, *(part.state for part in parts)], attached)
        if current.notice is None and any(part.report.status == "updated" for part in parts):
            _set_aside(path, settings.paths.previous_index_file, Path(temporary))
        mark_as_whole(unfinished, folder)
        _clear_the_way(path)
        unfinished.replace(path)
    return len(merged)


def _clear_leftovers(folder: Path, *, before: float) -> None:
    """Delete what a killed refresh left behind; a younger one may still be running."""
    for path in folder.glob(f"{_UNFINISHED}*"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < before:
                shutil.rmtree(path, ignore_errors=True)


def _set_aside(path: Path, previous: Path, folder: Path) -> None:
    """Give the current index a second name in one step, so that one is always there; the shipped one needs none."""
    if not path.exists():
        previous.unlink(missing_ok=True)
        return
    second = folder / previous.name
    try:
        second.hardlink_to(path)
    except OSError:  # a file system without hard links
        shutil.copyfile(path, second)
    second.replace(previous)


def _clear_the_way(path: Path) -> None:
    """Rename a folder that has the name of the index: it is not ours to delete."""
    if path.is_dir():
        path.rename(path.with_name(f"{path.name}.set-aside"))
