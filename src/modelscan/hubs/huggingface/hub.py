"""Hugging Face: its metadata through huggingface_hub, its files into huggingface_hub's own cache."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from modelscan.hubs.files import Listing, RemoteFile
from modelscan.hubs.huggingface import cache as hf_cache
from modelscan.hubs.huggingface import xet
from modelscan.hubs.protocol import Access
from modelscan.hubs.refusals import GATED, NO_FILE, NO_REPO, NO_REVISION, Question, refused
from modelscan.hubs.transfer.parts import ByteStream, Part
from modelscan.hubs.variables import (
    endpoint_of,
    hub_cache,
    is_offline,
    read_timeout,
    wants_links,
    wants_xet,
)
from modelscan.model.words import HubName

if TYPE_CHECKING:
    from modelscan.system.http import HttpAnswer, HttpSession

_CODES = frozenset({GATED, NO_REPO, NO_REVISION, NO_FILE})
_OK = range(200, 300)
_NOT_FOUND = 404
# The hub answers plain requests with 50 GB at most (huggingface_hub 2.4.0, constants.py, MAX_HTTP_DOWNLOAD_SIZE); a
# larger file comes in several.
_LONGEST_ANSWER = 40 * 10**9


class HuggingFace:
    source: HubName = "huggingface"
    default_revision = "main"

    def __init__(self, access: Access) -> None:
        self._environ, self._asking = access.settings.environ, cache(access.environ)
        self.endpoint = endpoint_of(self._environ)
        self.read_timeout = read_timeout(self._environ)
        self.root = hub_cache(self._environ)

    def ask(self, repo_id: str, revision: str | None) -> Listing:
        from modelscan.hubs.huggingface.client import list_repo  # huggingface_hub is loaded to ask, not to plan

        return list_repo(repo_id, revision, self._asking())

    def is_commit(self, revision: str | None) -> bool:
        return hf_cache.is_commit(revision)

    def offline(self) -> bool:
        return is_offline(self._environ)

    @contextlib.contextmanager
    def open(
        self, session: HttpSession, repo_id: str, listing: Listing, file: RemoteFile, start: int, end: int | None = None
    ) -> Iterator[ByteStream]:
        from modelscan.hubs.huggingface.client import asked, request_headers

        headers = request_headers(self._asking())
        if file.xet_hash is not None and end is None and wants_xet(self._environ) and xet.is_available():
            address = f"{self.endpoint}/api/models/{repo_id}/xet-read-token/{listing.commit}"
            with xet.open_xet(file, start, token_address=address, headers=headers) as source:
                yield source
            return
        address = f"{self.endpoint}/{repo_id}/resolve/{listing.commit}/{quote(file.path)}"
        if end is None and file.size_bytes - start > _LONGEST_ANSWER:
            end = start + _LONGEST_ANSWER
        with session.stream(address, start=start, end=end, headers=headers) as answer:
            if answer.status not in _OK:
                raise _refusal(asked(repo_id, listing.revision, self._asking()), file, answer)
            yield ByteStream(answer.start, answer.chunks)

    def snapshot(self, repo_id: str, commit: str) -> Path:
        return self._repo(repo_id) / "snapshots" / commit

    def known(self, repo_id: str, revision: str | None) -> str | None:
        return hf_cache.referenced(self._repo(repo_id), revision)

    def spelling(self, repo_id: str) -> str | None:
        return hf_cache.spelling(self.root, repo_id)

    def complete(self, repo_id: str, commit: str) -> bool:
        return hf_cache.is_complete(self.snapshot(repo_id, commit))

    def listed(self, repo_id: str, commit: str) -> Listing | None:
        return hf_cache.listed(self._repo(repo_id), commit)

    def part(self, repo_id: str, commit: str, file: RemoteFile) -> Part:  # noqa: ARG002  a blob serves all commits
        repo, digest = self._repo(repo_id), str(file.digest)
        # The lock that huggingface_hub takes for this blob (2.4.0, file_download.py, `_hf_hub_download_to_cache_dir`).
        return Part(file=file, target=repo / "blobs" / digest, lock=self.root / ".locks" / repo.name / f"{digest}.lock")

    def adopt(self, repo_id: str, listing: Listing, files: Sequence[RemoteFile]) -> None:
        repo, folder = self._repo(repo_id), self.snapshot(repo_id, listing.commit)
        for file in files:
            blob = repo / "blobs" / str(file.digest)
            if blob.is_file() and not (folder / file.path).is_file():
                hf_cache.link_blob(repo, listing.commit, file, links=wants_links(self._environ))

    def seal(self, repo_id: str, revision: str | None, listing: Listing, files: Sequence[RemoteFile]) -> None:
        repo = self._repo(repo_id)
        self.adopt(repo_id, listing, files)
        hf_cache.write_tree(repo, listing)
        hf_cache.write_reference(repo, revision, listing.commit)

    def _repo(self, repo_id: str) -> Path:
        return hf_cache.repo_folder(self.root, repo_id)


def _refusal(about: Question, file: RemoteFile, answer: HttpAnswer) -> Exception:
    code, message = answer.headers.get("x-error-code"), answer.headers.get("x-error-message") or ""
    if code not in _CODES:  # the storage behind the hub has no codes
        code = NO_FILE if answer.status == _NOT_FOUND else None
    return refused(about, answer.status, code=code, message=message, retry_after=answer.retry_after, file=file.path)
