"""The commit and the files of a revision: from the cache, else from the hub."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from modelscan.errors import Gated, SourceUnavailable, Unauthorized
from modelscan.hubs.files import Listing, RemoteFile
from modelscan.hubs.folder.describe import CONFIGS
from modelscan.hubs.memory import Memory, Reference
from modelscan.hubs.protocol import Access
from modelscan.hubs.remote.site import HubSite
from modelscan.system.retry import FOR_A_QUESTION, retrying
from modelscan.weights.reading.selection import ADAPTER, needed_files, only_gguf

# How long a branch is assumed to point to the same commit: `plan` and the `deploy` after it agree on it.
FRESH = timedelta(hours=1)
NOW = timedelta(0)


class Listings:
    """The listings of one hub."""

    def __init__(self, site: HubSite, access: Access) -> None:
        self.site, self.access = site, access
        self.memory = Memory(site.source, access.settings, access.clock, newest=site.default_revision)

    def get(self, repo_id: str, revision: str | None, *, fresh: timedelta) -> Listing:
        """From the cache for a commit, or for a branch that was requested less than `fresh` ago; else from the hub."""
        repo_id = self.spelled(repo_id)
        if self.site.is_commit(revision):
            known = self.known(repo_id, str(revision))
            if known is not None:
                return known
        reference = self.memory.reference(repo_id, revision)
        offline = self.is_offline()
        if reference is not None and (offline or is_fresh(reference, fresh)):
            known = self.known(repo_id, reference.commit)
            if known is not None:
                return known
        if offline:
            raise self._offline_refusal(repo_id, revision)
        try:
            listing = retrying(lambda: self.site.ask(repo_id, revision), FOR_A_QUESTION, self.access.clock)
        except SourceUnavailable as error:
            known = self.known(repo_id, reference.commit) if reference is not None else None
            if known is None or fresh == NOW or isinstance(error, Gated | Unauthorized):
                raise
            return known  # the hub is away: what it said last
        self.memory.keep_listing(repo_id, revision, listing)
        return listing

    def spelled(self, repo_id: str) -> str:
        """The repo as its hub spells it, as far as that is known here: one name, so one copy."""
        return self.memory.spelling(repo_id) or self.site.spelling(repo_id) or repo_id

    def known(self, repo_id: str, commit: str) -> Listing | None:
        """The listing of a commit, without a network."""
        return self.memory.listing(repo_id, commit) or self.site.listed(repo_id, commit)

    def commit_here(self, repo_id: str, revision: str | None) -> str | None:
        """The commit that a revision points to on this machine."""
        return self._commit(self.spelled(repo_id), revision)

    def _commit(self, repo_id: str, revision: str | None) -> str | None:
        if self.site.is_commit(revision):
            return revision
        reference = self.memory.reference(repo_id, revision)
        known = self.site.known(repo_id, revision)
        # Other tools may have downloaded a newer commit since our last request, or an older one before it.
        candidates = [commit for commit in (reference and reference.commit, known) if commit]
        there = [commit for commit in candidates if self.site.snapshot(repo_id, commit).is_dir()]
        return next(iter(there or candidates), None)

    def cached(self, repo_id: str, revision: str | None, *, form: str | None = None) -> Path | None:
        """The local folder with everything that a backend needs, None if incomplete. No network."""
        return self.here(self.spelled(repo_id), revision, form=form)[0]

    def here(self, repo_id: str, revision: str | None, *, form: str | None = None) -> tuple[Path | None, str | None]:
        """The same of a repo as its hub spells it, and the commit."""
        commit = self._commit(repo_id, revision)
        if commit is None:
            return None, None
        folder, listing = self.site.snapshot(repo_id, commit), self.known(repo_id, commit)
        if listing is None:
            return folder if self.site.complete(repo_id, commit) else None, commit
        here = all(has(folder, file) for file in needed(listing, form=form))
        is_model = (
            form == ADAPTER
            or only_gguf([file.path for file in listing.files])
            or any((folder / name).is_file() for name in CONFIGS)
        )
        return folder if here and is_model else None, commit

    def is_offline(self) -> bool:
        return self.access.settings.offline or self.site.offline()

    def _offline_refusal(self, repo_id: str, revision: str | None) -> SourceUnavailable:
        return SourceUnavailable(
            f"`{repo_id}` is not in the cache, and network access is off",
            cause=[f"looked in `{self.site.root}`"],
            hints=[self.pull_hint(repo_id)],
            details={"repo_id": repo_id, "revision": revision},
        )

    def pull_hint(self, repo_id: str) -> str:
        """The command that downloads a repo."""
        named = "" if self.site.source == "huggingface" else f" --source {self.site.source}"
        return f"download it once with network access: modelscan pull {repo_id}{named}"


def is_fresh(reference: Reference, fresh: timedelta) -> bool:
    """Whether a branch was requested recently; a time in the future comes from a wrong clock."""
    return timedelta(0) <= reference.age < fresh


def needed(listing: Listing, *, form: str | None = None) -> tuple[RemoteFile, ...]:
    """The files that a backend needs."""
    wanted = set(needed_files([file.path for file in listing.files], form=form))
    return tuple(file for file in listing.files if file.path in wanted)


def has(folder: Path, file: RemoteFile) -> bool:
    """Whether a file is there in its full size."""
    try:
        return (folder / file.path).stat().st_size == file.size_bytes
    except OSError:
        return False
