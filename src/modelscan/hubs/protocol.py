"""What hubs do: some describe weights, some fetch them too; and what they are handed to do it with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, final

from modelscan.hubs.files import Listing, OnProgress, RemoteFile
from modelscan.model import Source, WeightsDescription
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
    """The doors a hub goes through. `environ` gives the variables for asking it, with the user's token; looking it up
    may open a keyring, so it is called only then.
    """

    settings: Settings
    environ: Callable[[], Mapping[str, str]]
    http: Callable[[], Http] = _http
    clock: Clock = field(default_factory=SystemClock)


class Describes(Protocol):
    """Says what weights are before a byte of them is fetched. `revision` is a branch, a tag, a commit, or None for the
    newest; a folder has none.

    All but `describe_here` may ask the network, and raise SourceUnavailable, Gated, Unauthorized, ModelNotFound.
    """

    source: Source

    def describe(self, repo_id: str, revision: str | None) -> WeightsDescription:
        """What is known of weights. Remembered per commit."""
        ...

    def describe_here(self, repo_id: str, revision: str | None) -> WeightsDescription | None:
        """The same without a network: from the complete folder on this machine, or from what the hub said lately."""
        ...

    def listing(self, repo_id: str, revision: str | None) -> Listing:
        """The commit that a revision means now, and all files there. Remembered per commit."""
        ...

    def files(self, repo_id: str, commit: str) -> tuple[RemoteFile, ...]:
        """Of the files at a commit those that a backend needs."""
        ...


class Fetches(Protocol):
    """Brings weights from a hub into the cache that the hub's own tools use.

    All but `cached` and `place` may ask the network, and raise as `Describes` does, and StorageFailed.
    """

    source: HubName

    def cached(self, repo_id: str, revision: str | None) -> Path | None:
        """The folder on this machine where all that a backend needs is there. No network."""
        ...

    def place(self, repo_id: str, commit: str) -> Path:
        """The folder that `download` fills; it need not exist."""
        ...

    def missing(self, repo_id: str, commit: str) -> tuple[RemoteFile, ...]:
        """What `download` would fetch; a file that is half here counts with the bytes that it still lacks."""
        ...

    def verify(self, repo_id: str, commit: str, *, again: bool = False) -> tuple[CheckedFile, ...]:
        """The verdict on each file that a backend needs; `again` reads also those that were found right before."""
        ...

    def download(
        self, repo_id: str, revision: str | None, *, on_progress: OnProgress, into: Path | None = None
    ) -> tuple[Path, str]:
        """Get what a backend needs; the folder and its commit.

        Goes on where an earlier try stopped, waits for another process that wants the same, checks every file that it
        fetches. `into` is a plain folder to fill in place of the hub's own cache.
        """
        ...


@final
@dataclass(frozen=True, slots=True)
class InFolder:
    """Weights in a folder of the user's: nothing is fetched, and nothing there is ever changed."""

    path: Path


@final
@dataclass(frozen=True, slots=True)
class Streamed:
    """Weights that stay at an address: the backend reads them there itself."""

    address: S3Address


Delivery = Fetches | InFolder | Streamed
"""How a backend comes by weights."""
