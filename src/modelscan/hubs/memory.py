"""Hub answers cached per commit: a commit never changes, so planning again needs no network.

A cache, with its version in its name: `weights-v1/SOURCE/OWNER--NAME/COMMIT.json`, and `refs.json` for which commit a
branch or tag last was, and when; `spellings.json` has the names of repos as the hub spells them.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from modelscan.dataclasses import dataclass, replace
from modelscan.errors import ModelscanError, StorageFailed
from modelscan.hubs.families import shipped_families
from modelscan.hubs.files import Listing
from modelscan.model import Source, WeightsDescription
from modelscan.settings.reading import Settings
from modelscan.storage.documents import from_document, to_document
from modelscan.storage.files import write_atomic
from modelscan.system.clock import Clock, parse_rfc3339, rfc3339

_FORMAT = 1
_SPELLINGS = "spellings.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """The commit that a branch or tag pointed to `age` ago."""

    commit: str
    age: timedelta


class Memory:
    """The cached answers of one hub. Nothing here fails: what cannot be read or written is requested again.

    `newest` is the hub's name for the branch that is meant where none is named.
    """

    def __init__(self, source: Source, settings: Settings, clock: Clock, *, newest: str | None = None) -> None:
        self._folder = settings.paths.cache / f"weights-v{_FORMAT}" / source
        self._clock, self._newest = clock, newest

    def spelling(self, repo_id: str) -> str | None:
        """The repo as its hub spells it, where it was asked for under this name before."""
        found = self._names().get(repo_id.lower())
        return found if isinstance(found, str) else None

    def reference(self, repo_id: str, revision: str | None) -> Reference | None:
        try:
            commit, at = self._read(repo_id, "refs")[self._name(revision)]
            return Reference(commit=str(commit), age=self._clock.now() - parse_rfc3339(at))
        except (KeyError, ValueError, TypeError):
            return None

    def names(self, repo_id: str, commit: str) -> tuple[str | None, ...]:
        """The branches and tags that were this commit when they were last asked for; None is the newest."""
        references = self._read(repo_id, "refs")
        return tuple(name or None for name in references if self._is(references[name], commit))

    @staticmethod
    def _is(reference: object, commit: str) -> bool:
        return isinstance(reference, list) and reference[:1] == [commit]

    def listing(self, repo_id: str, commit: str) -> Listing | None:
        found: Listing | None = self._part(repo_id, commit, "listing", Listing)
        return found

    def description(self, repo_id: str, commit: str) -> WeightsDescription | None:
        found: WeightsDescription | None = self._part(repo_id, commit, "description", WeightsDescription)
        if found is None or found.architecture is None:
            return found
        return replace(found, architecture=shipped_families().recognized(found.architecture))

    def keep_listing(self, asked: str, revision: str | None, listing: Listing) -> None:
        repo_id = listing.repo_id or asked
        if listing.repo_id is not None and self.spelling(asked) != repo_id:
            spellings = self._names() | {asked.lower(): repo_id, repo_id.lower(): repo_id}
            self._write_file(self._folder / _SPELLINGS, spellings)
        self._write(repo_id, listing.commit, self._read(repo_id, listing.commit) | {"listing": to_document(listing)})
        if revision != listing.commit:
            now = rfc3339(self._clock.now())
            self._write(repo_id, "refs", self._read(repo_id, "refs") | {self._name(revision): [listing.commit, now]})

    def keep_description(self, repo_id: str, commit: str, description: WeightsDescription) -> None:
        self._write(repo_id, commit, self._read(repo_id, commit) | {"description": to_document(description)})

    def _name(self, revision: str | None) -> str:
        return "" if revision in {None, self._newest} else str(revision)

    def _part(self, repo_id: str, commit: str, name: str, kind: Any) -> Any:
        try:
            return from_document(kind, self._read(repo_id, commit)[name])
        except (KeyError, TypeError, ValueError, AttributeError, ModelscanError):
            return None

    def _path(self, repo_id: str, name: str) -> Path:
        return self._folder / repo_id.replace("/", "--") / f"{name.replace('/', '--')}.json"

    def _names(self) -> dict[str, Any]:
        return self._read_file(self._folder / _SPELLINGS)

    def _read(self, repo_id: str, name: str) -> dict[str, Any]:
        return self._read_file(self._path(repo_id, name))

    @staticmethod
    def _read_file(path: Path) -> dict[str, Any]:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}

    def _write(self, repo_id: str, name: str, document: dict[str, Any]) -> None:
        self._write_file(self._path(repo_id, name), document)

    @staticmethod
    def _write_file(path: Path, document: dict[str, Any]) -> None:
        try:
            write_atomic(path, json.dumps(document))
        except StorageFailed:
            return
