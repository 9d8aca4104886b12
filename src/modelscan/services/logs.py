"""The log of a service: lines that others add to it, and reading it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime

from modelscan.errors import StorageFailed
from modelscan.services.files import log_name, service_files
from modelscan.services.service import Service
from modelscan.storage.files import private_folder
from modelscan.storage.locks import is_held
from modelscan.storage.logs.log_file import LogFile, stamp_of
from modelscan.storage.logs.reading import LogLine, follow_log, read_log
from modelscan.storage.paths import Paths
from modelscan.system.clock import Clock

_WHATEVER_ITS_SIZE = 1 << 40  # who keeps the log rotates it, and nobody else


def tell_service(paths: Paths, service: Service, lines: Sequence[str], clock: Clock) -> None:
    """Add lines to its log, for whoever looks there; where that cannot be written, it starts or says why not."""
    if not lines:
        return
    folder = service_files(paths, service).folder
    with contextlib.suppress(StorageFailed):
        private_folder(folder)
        log = LogFile(folder, name=log_name(service), max_bytes=_WHATEVER_ITS_SIZE)
        log.write(stamp_of(clock), [line.encode() for line in lines])
        log.close()


def service_log(
    paths: Paths,
    service: Service,
    clock: Clock,
    *,
    follow: bool = False,
    tail: int | None = None,
    since: datetime | None = None,
) -> Iterator[LogLine]:
    """Lines oldest first; with `follow` until it ends. Raises StorageFailed."""
    files, name = service_files(paths, service), log_name(service)
    if not follow:
        return iter(read_log(files.folder, name=name, tail=tail, since=since))
    return follow_log(
        files.folder, name=name, tail=tail, since=since, is_over=lambda: not is_held(files.lock), clock=clock
    )
