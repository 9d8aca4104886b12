"""Describe weights on a hub before they are downloaded; cached per commit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from modelscan.dataclasses import replace
from modelscan.errors import Gated, SourceUnavailable, Unauthorized
from modelscan.hubs.adapters.describe import describe_adapter
from modelscan.hubs.describing import ReadRange, describe_listing
from modelscan.hubs.files import Listing, RemoteFile
from modelscan.hubs.folder.describe import describe_folder, folder_listing, folder_reader
from modelscan.hubs.remote.listings import FRESH, NOW, Listings, is_fresh, needed
from modelscan.model import Adapter, Source, WeightsDescription
from modelscan.system.retry import FOR_A_QUESTION, retrying
from modelscan.weights.reading.selection import ADAPTER

if TYPE_CHECKING:
    from modelscan.system.http import HttpSession


# A server that sends a byte now and then never times out: headers and small files are given this long.
_LONGEST_SECONDS = 120.0


class RemoteDescriber:
    """`Describes` over a `HubSite`."""

    def __init__(self, listings: Listings) -> None:
        self.source: Source = listings.site.source
        self._listings, self._site, self._access = listings, listings.site, listings.access

    def describe(self, repo_id: str, revision: str | None, *, form: str | None = None) -> WeightsDescription:
        try:
            listing = self._listings.get(repo_id, revision, fresh=FRESH)
        except SourceUnavailable as error:
            here = self.describe_here(repo_id, revision)
            if here is None or isinstance(error, Gated | Unauthorized):
                raise
            return here
        repo_id = self._listings.spelled(repo_id)
        here = self.describe_here(repo_id, listing.commit)
        if here is None or _is_another(here, form):
            with self._access.http().session() as session:
                here = describe_listing(self.source, repo_id, listing, self._reader(session, repo_id, listing), form)
            self._listings.memory.keep_description(repo_id, listing.commit, here)
        return replace(here, revision=revision)

    def describe_here(self, repo_id: str, revision: str | None) -> WeightsDescription | None:
        repo_id = self._listings.spelled(repo_id)
        folder, commit = self._listings.here(repo_id, revision)
        found: WeightsDescription | None
        if folder is not None and commit is not None:
            found = self._of_folder(folder, repo_id, commit)
        else:
            reference = self._listings.memory.reference(repo_id, revision)
            if reference is not None and (self._listings.is_offline() or is_fresh(reference, FRESH)):
                commit = reference.commit
            elif not self._site.is_commit(revision):
                return None
            found = self._listings.memory.description(repo_id, str(commit))
        return found and replace(found, revision=revision)

    def adapter(self, name: str, repo_id: str, revision: str | None) -> Adapter:
        folder, commit = self._listings.here(self._listings.spelled(repo_id), revision, form=ADAPTER)
        if folder is not None and commit is not None and (self._listings.is_offline() or commit == revision):
            listing = replace(folder_listing(folder), commit=commit)
            return describe_adapter(name, self.source, repo_id, listing, folder_reader(folder))
        listing = self._listings.get(repo_id, revision, fresh=FRESH)
        repo_id = self._listings.spelled(repo_id)
        with self._access.http().session() as session:
            return describe_adapter(name, self.source, repo_id, listing, self._reader(session, repo_id, listing))

    def listing(self, repo_id: str, revision: str | None) -> Listing:
        return self._listings.get(repo_id, revision, fresh=NOW)

    def files(self, repo_id: str, commit: str, *, form: str | None = None) -> tuple[RemoteFile, ...]:
        return needed(self._listings.get(repo_id, commit, fresh=FRESH), form=form)

    def _of_folder(self, folder: Path, repo_id: str, commit: str) -> WeightsDescription:
        listing, found = self._listings.known(repo_id, commit), describe_folder(folder)
        files = {file.path: file.digest for file in listing.files} if listing else {}
        return replace(
            found,
            source=self.source,
            repo_id=repo_id,
            commit=commit,
            code_hashes={name: digest for name in found.code_files if (digest := files.get(name))},
            license=listing.license if listing else None,
            gated=listing.gated if listing else None,
        )

    def _reader(self, session: HttpSession, repo_id: str, listing: Listing) -> ReadRange:
        files = {file.path: file for file in listing.files}

        def read(path: str, start: int, end: int) -> bytes:
            return retrying(lambda: read_once(path, start, end), FOR_A_QUESTION, self._access.clock)

        def read_once(path: str, start: int, end: int) -> bytes:
            content, until = bytearray(), self._access.clock.monotonic() + _LONGEST_SECONDS
            with self._site.open(session, repo_id, listing, replace(files[path], xet_hash=None), start, end) as source:
                for chunk in source.chunks:
                    content += chunk
                    if source.start + len(content) >= end:
                        break
                    if self._access.clock.monotonic() > until:
                        raise SourceUnavailable(f"`{path}` of `{repo_id}` takes longer than {_LONGEST_SECONDS:.0f} s")
            return bytes(content[start - source.start : end - source.start])

        return read


def _is_another(known: WeightsDescription, form: str | None) -> bool:
    """Whether another of a repo's quantizations is described than the one that is asked for, which it has too."""
    return form is not None and form != known.quantization and any(form == other.quantization for other in known.forms)
