"""ModelScope: its public API, and its files in the cache that its own client uses.

Addresses and shapes as modelscope_hub 0.5.1 uses them (_legacy_api.py, _download.py), from whose source they were read.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from modelscan.errors import ModelscanError, SourceUnavailable, shown_address
from modelscan.hubs.files import Listing, RemoteFile
from modelscan.hubs.huggingface.cache import is_complete
from modelscan.hubs.modelscope import cache as ms_cache
from modelscan.hubs.protocol import Access
from modelscan.hubs.refusals import GATED, NO_FILE, NO_REPO, NO_REVISION, Question, no_answer, refused
from modelscan.hubs.tokens import HUBS, address, token_origin
from modelscan.hubs.transfer.hashing import hashed
from modelscan.hubs.transfer.parts import ByteStream, Part
from modelscan.model.words import HubName
from modelscan.parsing.regex import regex

if TYPE_CHECKING:
    from modelscan.hubs.modelscope.answers import ListedFile
    from modelscan.hubs.payload import Payload
    from modelscan.system.http import HttpAnswer, HttpSession

_Answer = TypeVar("_Answer", bound="Payload")
_HUB = HUBS["modelscope"]
_DEFAULT_REVISION = "master"
_COMMIT = regex(r"[0-9a-f]{40}")
_OK = range(200, 300)
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404
# From this many entries on a listing may be cut off without a word (modelscope_hub 0.5.1, constants.py,
# REPO_FILES_TRUNCATION_LIMIT).
_MOST_FILES = 3000


class ModelScope:
    source: HubName = "modelscope"
    default_revision = _DEFAULT_REVISION
    read_timeout = 30.0

    def __init__(self, access: Access) -> None:
        environ = access.settings.environ
        self.endpoint = address(_HUB, environ)
        self.root = ms_cache.hub_cache(environ)
        self._access, self._asking = access, cache(access.environ)

    @property
    def _token(self) -> str | None:
        return self._asking().get(_HUB.variables[0])

    def ask(self, repo_id: str, revision: str | None) -> Listing:
        from modelscan.hubs.modelscope.answers import FilesAnswer, RepoAnswer  # pydantic is loaded for an answer only

        wanted = quote(revision or _DEFAULT_REVISION, safe="")
        with self._access.http().session() as session:
            about = self._answer(RepoAnswer, session, repo_id, revision, "").about
            rest = f"/repo/files?Revision={wanted}&Recursive=True"
            found = self._answer(FilesAnswer, session, repo_id, revision, rest).files
        if len(found) >= _MOST_FILES:
            raise SourceUnavailable(f"`{repo_id}` has more files than {shown_address(self.endpoint)} can list")
        files = tuple(RemoteFile(path=entry.path, size_bytes=entry.size_bytes, sha256=entry.sha256) for entry in found)
        return Listing(
            commit=_head(found) or _of_content(files),
            revision=revision,
            files=files,
            license=about.license if about else None,
            gated=about.gated if about else None,
        )

    def is_commit(self, revision: str | None) -> bool:
        return revision is not None and _COMMIT.fullmatch(revision) is not None

    def offline(self) -> bool:
        return False

    @contextlib.contextmanager
    def open(
        self, session: HttpSession, repo_id: str, listing: Listing, file: RemoteFile, start: int, end: int | None = None
    ) -> Iterator[ByteStream]:
        # A branch may have moved on since it was listed, and its bytes would not be those that were listed. Where the
        # hub does not know the commit by its name, the branch is what there is, and the hashes tell.
        names = dict.fromkeys((listing.commit, listing.revision or _DEFAULT_REVISION))
        for name in names:
            address = f"{self._api(repo_id)}/repo?Revision={quote(name, safe='')}&FilePath={quote(file.path, safe='')}"
            with session.stream(address, start=start, end=end, headers=self._headers()) as answer:
                if answer.status == _NOT_FOUND and name != list(names)[-1]:
                    continue
                if answer.status not in _OK:
                    raise self._refusal(repo_id, listing.revision, answer, file=file.path)
                yield ByteStream(answer.start, answer.chunks)
                return

    def snapshot(self, repo_id: str, commit: str) -> Path:
        return ms_cache.snapshot(self.root, repo_id, commit)

    def known(self, repo_id: str, revision: str | None) -> str | None:
        name = revision or _DEFAULT_REVISION
        return name if self.snapshot(repo_id, name).is_dir() else None

    def spelling(self, repo_id: str) -> str | None:  # noqa: ARG002  its ids are taken as they are typed
        return None

    def complete(self, repo_id: str, commit: str) -> bool:
        return is_complete(self.snapshot(repo_id, commit))

    def listed(self, repo_id: str, commit: str) -> Listing | None:  # noqa: ARG002  its client keeps none
        return None

    def part(self, repo_id: str, commit: str, file: RemoteFile) -> Part:
        target = self.snapshot(repo_id, commit) / file.path
        return Part(file=file, target=target, lock=ms_cache.lock(self.root, repo_id, file.path))

    def adopt(self, repo_id: str, listing: Listing, files: Sequence[RemoteFile]) -> None:
        ms_cache.share(ms_cache.others(self.root, repo_id), self.snapshot(repo_id, listing.commit), files)

    def seal(self, repo_id: str, revision: str | None, listing: Listing, files: Sequence[RemoteFile]) -> None:
        if not self.is_commit(revision):
            named = self.snapshot(repo_id, revision or _DEFAULT_REVISION)
            ms_cache.share([self.snapshot(repo_id, listing.commit)], named, files, replace=True)

    def _api(self, repo_id: str) -> str:
        return f"{self.endpoint}/api/v1/models/{quote(repo_id)}"

    def _headers(self) -> dict[str, str]:
        """Old addresses know the cookie, new ones the header; the client sends both."""
        if self._token is None:
            return {}
        return {"authorization": f"Bearer {self._token}", "cookie": f"m_session_id={self._token}"}

    def _answer(
        self, kind: type[_Answer], session: HttpSession, repo_id: str, revision: str | None, rest: str
    ) -> _Answer:
        with session.stream(f"{self._api(repo_id)}{rest}", headers=self._headers()) as answer:
            if answer.status not in _OK:
                raise self._refusal(repo_id, revision, answer, about_revision="Revision=" in rest)
            content = answer.read()
        return kind.read(content, partial(no_answer, self._asked(repo_id, revision)))

    def _refusal(
        self,
        repo_id: str,
        revision: str | None,
        answer: HttpAnswer,
        *,
        about_revision: bool = False,
        file: str | None = None,
    ) -> ModelscanError:
        message = _message(answer)
        code = None
        if answer.status == _NOT_FOUND:
            code = NO_FILE if file else NO_REVISION if about_revision else NO_REPO
        elif answer.status in {_UNAUTHORIZED, _FORBIDDEN} and "gated" in message.lower():
            code = GATED
        return refused(
            self._asked(repo_id, revision),
            answer.status,
            code=code,
            message=message,
            retry_after=answer.retry_after,
            file=file,
        )

    def _asked(self, repo_id: str, revision: str | None) -> Question:
        return Question(
            endpoint=shown_address(self.endpoint),
            repo_id=repo_id,
            revision=revision,
            log_in="modelscan login modelscope",
            token_from=token_origin(_HUB, self._asking()) if self._token is not None else None,
            default_revision=_DEFAULT_REVISION,
        )


def _head(files: Sequence[ListedFile]) -> str | None:
    """The commit that changed a file last: what the branch stands at, unless a later one only took files away."""
    commits = [(file.committed_at or 0, file.revision) for file in files if file.revision]
    return max(((date, commit) for date, commit in commits if _COMMIT.fullmatch(commit)), default=(0, None))[1]


def _of_content(files: Sequence[RemoteFile]) -> str:
    """A name for what is listed where the hub tells no commit: the same files have the same name."""
    text = json.dumps(sorted((file.path, file.sha256, file.size_bytes) for file in files))
    return hashed(text, "sha1")


def _message(answer: HttpAnswer) -> str:
    from modelscan.hubs.modelscope.answers import RefusalAnswer

    try:
        return RefusalAnswer.read(answer.read(), SourceUnavailable).message or ""
    except SourceUnavailable:
        return ""
