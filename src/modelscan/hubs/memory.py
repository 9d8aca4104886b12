"""Hub answers cached per commit: a commit never changes, so planning again needs no network.

A cache, with its version in its name: `weights-v1/SOURCE/OWNER--NAME/COMMIT.json`, and `refs.json` for which commit a
branch or tag last was, and when.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from modelscan.errors import ModelscanError, StorageFailed
from modelscan.hubs.families import shipped_families
from modelscan.hubs.files import Listing
from modelscan.model import Source, WeightsDescription
from modelscan.settings.reading import Settings
from modelscan.storage.documents import from_document, to_document
from modelscan.storage.files import write_atomic
from modelscan.system.clock import Clock, parse_rfc3339, rfc3339

_FORMAT = 1


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

    def keep_listing(self, repo_id: str, revision: str | None, listing: Listing) -> None:
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

    def _read(self, repo_id: str, name: str) -> dict[str, Any]:
        try:
            document = json.loads(self._path(repo_id, name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}

    def _write(self, repo_id: str, name: str, document: dict[str, Any]) -> None:
        try:
            write_atomic(self._path(repo_id, name), json.dumps(document))
        except StorageFailed:
            return
