"""The interface of a single hub to the rest of this folder."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from modelscan.hubs.files import Listing, RemoteFile
from modelscan.hubs.transfer.parts import ByteStream, Part
from modelscan.model.words import HubName

if TYPE_CHECKING:
    from modelscan.system.http import HttpSession


class HubSite(Protocol):
    """One hub: its protocol, and the folders in which its own tools keep files."""

    source: HubName
    endpoint: str
    root: Path
    default_revision: str  # the revision used when none is named
    read_timeout: float  # read timeout of a transfer in seconds, after which it is retried

    def ask(self, repo_id: str, revision: str | None) -> Listing:
        """The listing from the network. Raises our errors."""
        ...

    def is_commit(self, revision: str | None) -> bool: ...

    def offline(self) -> bool:
        """Whether the hub's own variables forbid the network."""
        ...

    def open(
        self, session: HttpSession, repo_id: str, listing: Listing, file: RemoteFile, start: int, end: int | None = None
    ) -> contextlib.AbstractContextManager[ByteStream]:
        """The bytes of a file from `start`. Raises our errors."""
        ...

    def snapshot(self, repo_id: str, commit: str) -> Path: ...

    def known(self, repo_id: str, revision: str | None) -> str | None:
        """The commit of a revision in the hub's own cache."""
        ...

    def spelling(self, repo_id: str) -> str | None:
        """The name under which the hub's own cache has a repo, where only its letter case differs."""
        ...

    def complete(self, repo_id: str, commit: str) -> bool:
        """Whether the folder of a commit without a known listing has everything that a backend needs."""
        ...

    def listed(self, repo_id: str, commit: str) -> Listing | None:
        """The listing that the hub's own tools left in the cache."""
        ...

    def part(self, repo_id: str, commit: str, file: RemoteFile) -> Part: ...

    def adopt(self, repo_id: str, listing: Listing, files: Sequence[RemoteFile]) -> None:
        """Add to the snapshot those of these files that other folders of the cache have."""
        ...

    def seal(self, repo_id: str, revision: str | None, listing: Listing, files: Sequence[RemoteFile]) -> None:
        """Lay out fetched files the way the hub's own tools find them."""
        ...
