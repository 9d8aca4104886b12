"""Download weights from a hub: find missing and damaged files, and fetch them into the hub's cache."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from modelscan.dataclasses import replace
from modelscan.errors import Gated, SourceUnavailable, Unauthorized
from modelscan.hubs.files import Listing, OnProgress, RemoteFile
from modelscan.hubs.remote.listings import FRESH, NOW, Listings, has, needed
from modelscan.hubs.transfer.disk import require_disk_space
from modelscan.hubs.transfer.meter import Meter
from modelscan.hubs.transfer.parts import ByteStream, Part
from modelscan.hubs.transfer.verify import CheckedFile, Verified, verify_files
from modelscan.weights.reading.gguf_files import forms_there
from modelscan.weights.reading.selection import OWN_FORM


class RemoteFetcher:
    """`Fetches` over a `HubSite`."""

    def __init__(self, listings: Listings) -> None:
        self.source = listings.site.source
        self._listings, self._site, self._access = listings, listings.site, listings.access

    def cached(self, repo_id: str, revision: str | None, *, form: str | None = None) -> Path | None:
        return self._listings.cached(repo_id, revision, form=form)

    def folder(self, repo_id: str, commit: str) -> Path:
        return self._site.snapshot(self._listings.spelled(repo_id), commit)

    def missing(self, repo_id: str, commit: str, *, form: str | None = None) -> tuple[RemoteFile, ...]:
        listing = self._listings.get(repo_id, commit, fresh=FRESH)
        repo_id = self._listings.spelled(repo_id)
        folder = self._site.snapshot(repo_id, commit)
        lacking = (file for file in needed(listing, form=form) if not has(folder, file))
        return tuple(
            replace(file, size_bytes=file.size_bytes - self._site.part(repo_id, listing.commit, file).here_bytes)
            for file in lacking
        )

    def verify(self, repo_id: str, commit: str, *, again: bool = False) -> tuple[CheckedFile, ...]:
        """The verdict on each file that a backend needs. `again` also re-reads files verified before."""
        listing = self._listings.get(repo_id, commit, fresh=FRESH)
        repo_id = self._listings.spelled(repo_id)
        folder = self._site.snapshot(repo_id, listing.commit)
        quantizations = forms_there(file.path for file in listing.files)
        copies = (needed(listing, form=form) for form in (OWN_FORM, *quantizations))
        files = next((copy for copy in copies if all(has(folder, file) for file in copy)), needed(listing))
        return verify_files(folder, files, self._verified(repo_id), again=again)

    def download(
        self,
        repo_id: str,
        revision: str | None,
        *,
        on_progress: OnProgress,
        into: Path | None = None,
        form: str | None = None,
    ) -> tuple[Path, str]:
        listing = self._listing_to_download(repo_id, revision)
        repo_id = self._listings.spelled(repo_id)
        if listing is None:  # complete by what other tools left, and nobody can be asked
            folder = self._listings.cached(repo_id, revision)
            assert folder is not None  # noqa: S101  the other half of _listing_to_download
            return folder, folder.name
        files, verified = needed(listing, form=form), self._verified(repo_id)
        folder = self._site.snapshot(repo_id, listing.commit) if into is None else into
        if into is None:
            self._site.adopt(repo_id, listing, files)
        wrong = [item for item in verify_files(folder, files, verified) if item.verdict != "ok"]
        if wrong:
            # The same content under two names is one blob.
            parts = list(
                {part.target: part for part in (self._part(repo_id, listing, item, into) for item in wrong)}.values()
            )
            self._refuse_offline(repo_id, wrong)
            require_disk_space(repo_id, sum(part.file.size_bytes - part.here_bytes for part in parts), folder)
            for part in self._fetch(repo_id, listing, parts, files, on_progress):
                verified.add(part.target.resolve(), part.file.digest or "")
            verified.save()
        if into is None:
            for name in {revision, *self._listings.memory.names(repo_id, listing.commit)}:
                self._site.seal(repo_id, name, listing, files)
        return folder, listing.commit

    def _fetch(
        self,
        repo_id: str,
        listing: Listing,
        parts: Sequence[Part],
        files: Sequence[RemoteFile],
        on_progress: OnProgress,
    ) -> list[Part]:
        total = sum(file.size_bytes for file in files)
        lacking = sum(part.file.size_bytes - part.here_bytes for part in parts)
        meter = Meter(total, total - lacking, on_progress, self._access.clock)
        with self._access.http().session(read_timeout=self._site.read_timeout) as session:

            def open_at(file: RemoteFile, start: int) -> contextlib.AbstractContextManager[ByteStream]:
                return self._site.open(session, repo_id, listing, file, start)

            from modelscan.hubs.transfer.transfer import Transfer  # and with it threads, for a download only

            fetched = Transfer(open_at, meter, self._access.clock).run(parts)
        meter.finish()
        return fetched

    def _part(self, repo_id: str, listing: Listing, item: CheckedFile, into: Path | None) -> Part:
        part = self._site.part(repo_id, listing.commit, item.file)
        return replace(part, target=part.target if into is None else into / item.file.path, replaces=item.inode)

    def _listing_to_download(self, repo_id: str, revision: str | None) -> Listing | None:
        """The newest listing available; None if only a complete folder is known."""
        try:
            return self._listings.get(repo_id, revision, fresh=NOW)
        except SourceUnavailable as error:
            commit = self._listings.commit_here(repo_id, revision)
            listing = self._listings.known(repo_id, commit) if commit else None
            if isinstance(error, Gated | Unauthorized) or (
                listing is None and self._listings.cached(repo_id, revision) is None
            ):
                raise
            return listing

    def _refuse_offline(self, repo_id: str, wrong: Sequence[CheckedFile]) -> None:
        if not self._listings.is_offline():
            return
        raise SourceUnavailable(
            f"the copy of `{repo_id}` in the cache is incomplete, and network access is off",
            cause=[f"{item.file.path}: {item.verdict}" for item in wrong[:10]],
            hints=[self._listings.pull_hint(repo_id)],
            details={"repo_id": repo_id, "files": {item.file.path: item.verdict for item in wrong}},
        )

    def _verified(self, repo_id: str) -> Verified:
        name = f"{self.source}--{repo_id.replace('/', '--')}.json"
        return Verified(self._access.settings.paths.state / "verified" / name)
