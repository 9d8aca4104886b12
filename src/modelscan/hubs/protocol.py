"""The protocols of weight sources (describe, fetch), and the dependencies they are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, final

from modelscan.dataclasses import dataclass, field
from modelscan.hubs.files import Listing, OnProgress, RemoteFile
from modelscan.model import Adapter, Source, WeightsDescription
from modelscan.model.words import HubName
from modelscan.settings.reading import Settings
from modelscan.system.clock import Clock, SystemClock
from modelscan.weights.address import S3Address

if TYPE_CHECKING:
    from modelscan.hubs.transfer.verify import CheckedFile
    from modelscan.system.http import Http


def _http() -> Http:
    from modelscan.system.http import Http

    return Http()


@dataclass(frozen=True, kw_only=True)
class Access:
    """The dependencies of a hub. `environ` returns the variables for requests, with the user's token; looking it up
    may open a keyring, so it is called only when needed.
    """

    settings: Settings
    environ: Callable[[], Mapping[str, str]]
    http: Callable[[], Http] = _http
    clock: Clock = field(default_factory=SystemClock)


class Describes(Protocol):
    """Describes weights before they are downloaded. `revision` is a branch, a tag, a commit, or None for the
    newest; a folder has none.

    All but `describe_here` may ask the network, and raise SourceUnavailable, Gated, Unauthorized, ModelNotFound.
    """

    source: Source

    def describe(self, repo_id: str, revision: str | None, *, form: str | None = None) -> WeightsDescription:
        """The description of weights. Cached per commit. `form` is which of several quantizations of GGUF."""
        ...

    def describe_here(self, repo_id: str, revision: str | None) -> WeightsDescription | None:
        """The same without a network: from a complete local copy, or from a recent answer of the hub."""
        ...

    def adapter(self, name: str, repo_id: str, revision: str | None) -> Adapter:
        """What goes on top of a model, under a name."""
        ...

    def listing(self, repo_id: str, revision: str | None) -> Listing:
        """The commit that a revision points to now, and its files. Cached per commit."""
        ...

    def files(self, repo_id: str, commit: str, *, form: str | None = None) -> tuple[RemoteFile, ...]:
        """The files at a commit that a backend needs."""
        ...


class Fetches(Protocol):
    """Downloads weights from a hub into the cache that the hub's own tools use.

    `form`: which copy of the weights, as `needed_files` has it.

    All but `cached` and `folder` may ask the network, and raise as `Describes` does, and StorageFailed.
    """

    source: HubName

    def cached(self, repo_id: str, revision: str | None, *, form: str | None = None) -> Path | None:
        """The local folder with everything that a backend needs, None if incomplete. No network."""
        ...

    def folder(self, repo_id: str, commit: str) -> Path:
        """The folder that `download` fills; it need not exist."""
        ...

    def missing(self, repo_id: str, commit: str, *, form: str | None = None) -> tuple[RemoteFile, ...]:
        """The files that `download` would fetch; a partial file counts with its missing bytes."""
        ...

    def verify(self, repo_id: str, commit: str, *, again: bool = False) -> tuple[CheckedFile, ...]:
        """The verdict on each file that a backend needs; `again` also re-reads files verified before."""
        ...

    def download(
        self,
        repo_id: str,
        revision: str | None,
        *,
        on_progress: OnProgress,
        into: Path | None = None,
        form: str | None = None,
    ) -> tuple[Path, str]:
        """Download what a backend needs; returns the folder and its commit.

        Resumes an earlier attempt, waits for another process that downloads the same, and verifies every file that it
        fetches. `into` is a plain folder to fill instead of the hub's own cache.
        """
        ...


@final
@dataclass(frozen=True, slots=True)
class InFolder:
    """Weights in a folder of the user's: nothing is downloaded, and the folder is never changed."""

    path: Path


@final
@dataclass(frozen=True, slots=True)
class Streamed:
    """Weights that stay at an address, from which the backend reads them."""

    address: S3Address


Delivery = Fetches | InFolder | Streamed
"""How a backend gets weights."""
