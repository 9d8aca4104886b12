"""A hub on the network: what is remembered, what is asked, what is fetched, and what does without a network.

The same for every hub; how one is spoken to and where it keeps its files is a `Site`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from modelscan.errors import Gated, SourceUnavailable, Unauthorized
from modelscan.hubs.describing import ReadRange, describe_listing
from modelscan.hubs.files import Listing, OnProgress, RemoteFile
from modelscan.hubs.folder.describe import describe_folder
from modelscan.hubs.memory import Memory, Reference
from modelscan.hubs.protocol import Access
from modelscan.model import Source as SourceName
from modelscan.model import WeightsDescription
from modelscan.system.retry import patiently
from modelscan.weights.reading.selection import needed_files

# What fetches and verifies is imported where that is done: `plan` asks only what is here.
if TYPE_CHECKING:
    from modelscan.hubs.transfer.transfer import Part, Source
    from modelscan.hubs.transfer.verify import Checked, Verified
    from modelscan.system.http import Session

# How long a branch is believed to stand where it stood: `plan` and the `deploy` after it speak of one commit.
_FRESH = timedelta(hours=1)


class Site(Protocol):
    """One hub: its protocol, and the folders in which its own tools keep files."""

    source: SourceName
    endpoint: str
    root: Path
    default_revision: str  # what is meant where none is named
    silence: float  # seconds that a transfer may be silent before it is taken up anew

    def ask(self, repo_id: str, revision: str | None) -> Listing:
        """The network's answer. Raises our errors."""
        ...

    def is_commit(self, revision: str | None) -> bool: ...

    def offline(self) -> bool:
        """Whether the hub's own variables forbid the network."""
        ...

    def open(
        self, session: Session, repo_id: str, listing: Listing, file: RemoteFile, start: int, end: int | None = None
    ) -> contextlib.AbstractContextManager[Source]:
        """The bytes of a file from `start`. Raises our errors."""
        ...

    def snapshot(self, repo_id: str, commit: str) -> Path: ...

    def known(self, repo_id: str, revision: str | None) -> str | None:
        """The commit that the hub's own cache says a revision was."""
        ...

    def complete(self, repo_id: str, commit: str) -> bool:
        """Whether the folder of a commit of which no listing is known has all that a backend needs."""
        ...

    def listed(self, repo_id: str, commit: str) -> Listing | None:
        """The listing that the hub's own tools left in the cache."""
        ...

    def part(self, repo_id: str, commit: str, file: RemoteFile) -> Part: ...

    def adopt(self, repo_id: str, listing: Listing, files: Sequence[RemoteFile]) -> None:
        """Put into the snapshot what other folders of the cache already have of these files."""
        ...

    def seal(self, repo_id: str, revision: str | None, listing: Listing, files: Sequence[RemoteFile]) -> None:
        """Lay out fetched files the way the hub's own tools find them."""
        ...


class RemoteHub:
    """`Hub` over a `Site`."""

    def __init__(self, site: Site, access: Access) -> None:
        self.site, self._access = site, access
        self.source: SourceName = site.source
        self._memory = Memory(site.source, access.settings, access.clock, newest=site.default_revision)

    def describe(self, repo_id: str, revision: str | None) -> WeightsDescription:
        try:
            listing = self._listing(repo_id, revision, fresh=_FRESH)
        except SourceUnavailable as error:
            here = self.describe_here(repo_id, revision)
            if here is None or isinstance(error, Gated | Unauthorized):
                raise
            return here
        here = self.describe_here(repo_id, listing.commit)
        if here is None:
            with self._access.http().session() as session:
                here = describe_listing(self.source, repo_id, listing, self._reader(session, repo_id, listing))
            self._memory.keep_description(repo_id, listing.commit, here)
        return replace(here, revision=revision)

    def describe_here(self, repo_id: str, revision: str | None) -> WeightsDescription | None:
        folder, commit = self.cached(repo_id, revision), self._commit_here(repo_id, revision)
        found: WeightsDescription | None
        if folder is not None and commit is not None:
            found = self._of_folder(folder, repo_id, commit)
        else:
            reference = self._memory.reference(repo_id, revision)
            if reference is not None and (self._is_offline() or _is_fresh(reference, _FRESH)):
                commit = reference.commit
            elif not self.site.is_commit(revision):
                return None
            found = self._memory.description(repo_id, str(commit))
        return found and replace(found, revision=revision)

    def listing(self, repo_id: str, revision: str | None) -> Listing:
        return self._listing(repo_id, revision, fresh=timedelta(0))

    def files(self, repo_id: str, commit: str) -> tuple[RemoteFile, ...]:
        return _needed(self._listing(repo_id, commit, fresh=_FRESH))

    def cached(self, repo_id: str, revision: str | None) -> Path | None:
        commit = self._commit_here(repo_id, revision)
        if commit is None:
            return None
        folder, listing = self.site.snapshot(repo_id, commit), self._known_listing(repo_id, commit)
        if listing is None:
            return folder if self.site.complete(repo_id, commit) else None
        here = all(_has(folder, file) for file in _needed(listing))
        return folder if here and (folder / "config.json").is_file() else None

    def place(self, repo_id: str, commit: str) -> Path:
        return self.site.snapshot(repo_id, commit)

    def missing(self, repo_id: str, commit: str) -> tuple[RemoteFile, ...]:
        listing, folder = self._listing(repo_id, commit, fresh=_FRESH), self.site.snapshot(repo_id, commit)
        lacking = (file for file in _needed(listing) if not _has(folder, file))
        return tuple(
            replace(file, size_bytes=file.size_bytes - self.site.part(repo_id, listing.commit, file).here_bytes)
            for file in lacking
        )

    def verify(self, repo_id: str, commit: str, *, again: bool = False) -> tuple[Checked, ...]:
        """The verdict on each file that a backend needs. `again` reads also those found right before."""
        from modelscan.hubs.transfer.verify import verify_files

        listing = self._listing(repo_id, commit, fresh=_FRESH)
        folder = self.site.snapshot(repo_id, listing.commit)
        return verify_files(folder, _needed(listing), self._verified(repo_id), again=again)

    def download(
        self, repo_id: str, revision: str | None, *, on_progress: OnProgress, into: Path | None = None
    ) -> tuple[Path, str]:
        from modelscan.hubs.transfer.disk import require_room
        from modelscan.hubs.transfer.verify import verify_files

        listing = self._listing_to_download(repo_id, revision)
        if listing is None:  # complete by what other tools left, and nobody can be asked
            folder = self.cached(repo_id, revision)
            assert folder is not None  # noqa: S101  the other half of _listing_to_download
            return folder, folder.name
        files, verified = _needed(listing), self._verified(repo_id)
        folder = self.site.snapshot(repo_id, listing.commit) if into is None else into
        if into is None:
            self.site.adopt(repo_id, listing, files)
        wrong = [item for item in verify_files(folder, files, verified) if item.verdict != "ok"]
        if wrong:
            # The same content under two names is one blob.
            parts = list(
                {part.target: part for part in (self._part(repo_id, listing, item, into) for item in wrong)}.values()
            )
            self._refuse_offline(repo_id, wrong)
            require_room(repo_id, sum(part.file.size_bytes - part.here_bytes for part in parts), folder)
            for part in self._fetch(repo_id, listing, parts, files, on_progress):
                verified.add(part.target.resolve(), part.file.digest or "")
            verified.save()
        if into is None:
            for name in {revision, *self._memory.names(repo_id, listing.commit)}:
                self.site.seal(repo_id, name, listing, files)
        return folder, listing.commit

    def _fetch(
        self,
        repo_id: str,
        listing: Listing,
        parts: Sequence[Part],
        files: Sequence[RemoteFile],
        on_progress: OnProgress,
    ) -> list[Part]:
        from modelscan.hubs.transfer.meter import Meter
        from modelscan.hubs.transfer.transfer import Transfer

        total = sum(file.size_bytes for file in files)
        lacking = sum(part.file.size_bytes - part.here_bytes for part in parts)
        meter = Meter(total, total - lacking, on_progress, self._access.clock)
        with self._access.http().session(silence=self.site.silence) as session:

            def open_at(file: RemoteFile, start: int) -> contextlib.AbstractContextManager[Source]:
                return self.site.open(session, repo_id, listing, file, start)

            fetched = Transfer(open_at, meter, self._access.clock).run(parts)
        meter.finish()
        return fetched

    def _part(self, repo_id: str, listing: Listing, item: Checked, into: Path | None) -> Part:
        part = self.site.part(repo_id, listing.commit, item.file)
        return replace(part, target=part.target if into is None else into / item.file.path, replaces=item.inode)

    def _listing_to_download(self, repo_id: str, revision: str | None) -> Listing | None:
        """The newest listing there is to be had; None where only a complete folder is known."""
        try:
            return self._listing(repo_id, revision, fresh=timedelta(0))
        except SourceUnavailable as error:
            commit = self._commit_here(repo_id, revision)
            listing = self._known_listing(repo_id, commit) if commit else None
            if isinstance(error, Gated | Unauthorized) or (listing is None and self.cached(repo_id, revision) is None):
                raise
            return listing

    def _listing(self, repo_id: str, revision: str | None, *, fresh: timedelta) -> Listing:
        """From memory for a commit, or for a branch that was asked less than `fresh` ago; else from the hub."""
        if self.site.is_commit(revision):
            known = self._known_listing(repo_id, str(revision))
            if known is not None:
                return known
        reference = self._memory.reference(repo_id, revision)
        offline = self._is_offline()
        if reference is not None and (offline or _is_fresh(reference, fresh)):
            known = self._known_listing(repo_id, reference.commit)
            if known is not None:
                return known
        if offline:
            raise self._offline_refusal(repo_id, revision)
        try:
            listing = patiently(lambda: self.site.ask(repo_id, revision), self._access.clock)
        except SourceUnavailable as error:
            known = self._known_listing(repo_id, reference.commit) if reference is not None else None
            if known is None or fresh == timedelta(0) or isinstance(error, Gated | Unauthorized):
                raise
            return known  # the hub is away: what it said last
        self._memory.keep_listing(repo_id, revision, listing)
        return listing

    def _known_listing(self, repo_id: str, commit: str) -> Listing | None:
        return self._memory.listing(repo_id, commit) or self.site.listed(repo_id, commit)

    def _commit_here(self, repo_id: str, revision: str | None) -> str | None:
        if self.site.is_commit(revision):
            return revision
        reference = self._memory.reference(repo_id, revision)
        known = self.site.known(repo_id, revision)
        # What other tools fetched since is newer than what we were told, and the other way round.
        candidates = [commit for commit in (reference and reference.commit, known) if commit]
        there = [commit for commit in candidates if self.site.snapshot(repo_id, commit).is_dir()]
        return next(iter(there or candidates), None)

    def _of_folder(self, folder: Path, repo_id: str, commit: str) -> WeightsDescription:
        listing, found = self._known_listing(repo_id, commit), describe_folder(folder)
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

    def _reader(self, session: Session, repo_id: str, listing: Listing) -> ReadRange:
        files = {file.path: file for file in listing.files}

        def read(path: str, start: int, end: int) -> bytes:
            return patiently(lambda: read_once(path, start, end), self._access.clock)

        def read_once(path: str, start: int, end: int) -> bytes:
            content = bytearray()
            with self.site.open(session, repo_id, listing, replace(files[path], xet_hash=None), start, end) as source:
                for chunk in source.chunks:
                    content += chunk
                    if source.start + len(content) >= end:
                        break
            return bytes(content[start - source.start : end - source.start])

        return read

    def _is_offline(self) -> bool:
        return self._access.settings.offline or self.site.offline()

    def _offline_refusal(self, repo_id: str, revision: str | None) -> SourceUnavailable:
        return SourceUnavailable(
            f"`{repo_id}` is not in the cache, and the network is not to be used",
            cause=[f"looked in `{self.site.root}`"],
            hints=[self._pull_hint(repo_id)],
            details={"repo_id": repo_id, "revision": revision},
        )

    def _pull_hint(self, repo_id: str) -> str:
        named = "" if self.source == "huggingface" else f" --source {self.source}"
        return f"with the network, once: modelscan pull {repo_id}{named}"

    def _refuse_offline(self, repo_id: str, wrong: Sequence[Checked]) -> None:
        if not self._is_offline():
            return
        raise SourceUnavailable(
            f"the copy of `{repo_id}` in the cache is not complete, and the network is not to be used",
            cause=[f"{item.file.path}: {item.verdict}" for item in wrong[:10]],
            hints=[self._pull_hint(repo_id)],
            details={"repo_id": repo_id, "files": {item.file.path: item.verdict for item in wrong}},
        )

    def _verified(self, repo_id: str) -> Verified:
        from modelscan.hubs.transfer.verify import Verified

        name = f"{self.source}--{repo_id.replace('/', '--')}.json"
        return Verified(self._access.settings.paths.state / "verified" / name)


def _is_fresh(reference: Reference, fresh: timedelta) -> bool:
    """What was asked in the future was asked before the clock was set right: nobody knows when."""
    return timedelta(0) <= reference.age < fresh


def _needed(listing: Listing) -> tuple[RemoteFile, ...]:
    wanted = set(needed_files([file.path for file in listing.files]))
    return tuple(file for file in listing.files if file.path in wanted)


def _has(folder: Path, file: RemoteFile) -> bool:
    try:
        return (folder / file.path).stat().st_size == file.size_bytes
    except OSError:
        return False
