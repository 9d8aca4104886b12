"""Download the documents of a source; what has not changed comes from a cache on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from modelscan.errors import SourceUnavailable, StorageFailed
from modelscan.storage.files import write_atomic
from modelscan.system.clock import Clock
from modelscan.system.retry import Backoff, retrying
from modelscan.units import format_bytes

# Timers make everybody refresh at once: jitter spreads the retries.
_BACKOFF = Backoff(tries=3, first=1.0, jitter=0.5, longest_asked=30.0, deadline=60.0)


class Document(Protocol):
    @property
    def content(self) -> bytes | None: ...
    @property
    def etag(self) -> str | None: ...


class Fetcher(Protocol):
    """What a refresh asks of `system.http.Http`."""

    def fetch(self, address: str, *, etag: str | None = None) -> Document: ...


def shown(address: str) -> str:
    """An address without credentials."""
    parts = urlsplit(address)
    return address if parts.username is None else address.replace(f"{parts.netloc}", parts.hostname or "", 1)


def is_remote(address: str) -> bool:
    return urlsplit(address).scheme in {"http", "https"}


def folder_at(address: str) -> Path | None:
    """The folder that an address is, as `file:` or as a path."""
    if is_remote(address):
        return None
    parts = urlsplit(address)
    path = Path(unquote(parts.path)) if parts.scheme == "file" else Path(address).expanduser()
    return path if path.is_dir() else None


class Downloads:
    """The documents of one source, fetched once each. `progress` gets a line for each; `get` is thread-safe."""

    def __init__(
        self, http: Fetcher, clock: Clock, folder: Path, progress: Callable[[str], None] | None = None
    ) -> None:
        self._http = http
        self._clock = clock
        self._folder = folder
        self._progress = progress
        self._digests: dict[str, str] = {}

    def get(self, address: str) -> bytes:
        """The document at an address. Raises SourceUnavailable."""
        content = self._get(address)
        self._digests[address] = hashlib.sha256(content).hexdigest()
        if self._progress:
            self._progress(f"{format_bytes(len(content))} from {shown(address)}")
        return content

    def digest(self) -> str:
        """One checksum of all documents: equal when nothing has changed."""
        return hashlib.sha256(json.dumps(sorted(self._digests.items())).encode()).hexdigest()

    def _get(self, address: str) -> bytes:
        if not is_remote(address):
            return self._http.fetch(address).content or b""
        file = self._folder / hashlib.sha256(address.encode()).hexdigest()[:32]
        etag, kept = _read(file)
        answer = retrying(lambda: self._http.fetch(address, etag=etag), _BACKOFF, self._clock)
        if answer.content is None and kept is None:
            raise SourceUnavailable(f"`{address}` answers that nothing has changed, but there is no cached copy")
        if answer.content is None:
            return kept or b""
        if answer.etag:
            _write(file, answer.etag, answer.content)
        return answer.content


def _read(file: Path) -> tuple[str | None, bytes | None]:
    """The ETag and the cached copy; None for both where it is damaged, so that it is fetched again."""
    try:
        head, _, content = file.read_bytes().partition(b"\n")
        values = json.loads(head)
        if values["sha256"] == hashlib.sha256(content).hexdigest():
            return str(values["etag"]), content
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None, None


def _write(file: Path, etag: str, content: bytes) -> None:
    head = json.dumps({"etag": etag, "sha256": hashlib.sha256(content).hexdigest()})
    try:
        write_atomic(file, head.encode() + b"\n" + content)
    except StorageFailed:
        return  # a copy saves a download next time, no more
