"""The files of a connected program: what would change, written with a copy of the user's own beside it, and taken back.

What was written is noted with the digest of the copy: so it can be taken back from a file that was changed since, and
the rest stays byte for byte. The note itself holds nothing of the user's.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from modelscan.dataclasses import dataclass, field
from modelscan.errors import ConfigInvalid
from modelscan.exports.clients.client import ClientFile
from modelscan.exports.clients.endpoint import ClientEndpoint
from modelscan.exports.editing.edits import Edit, EditRefused, applied, reverted
from modelscan.exports.editing.jsonc import is_json
from modelscan.exports.editing.take_json import taken_out
from modelscan.storage.documents import checked_document, to_document
from modelscan.storage.files import translated, write_atomic
from modelscan.storage.locks import hold
from modelscan.storage.paths import Paths

_COPY = ".before-modelscan"


@dataclass(frozen=True, kw_only=True, slots=True)
class FileChange:
    """A file at `path` as it is `now`, and what it becomes; None where there is none. `own` is the user's part of it,
    and `edits` lead from that to `after`. What is `whole` again needs no copy any more.
    """

    path: Path
    now: str | None
    after: str | None
    own: str | None = None
    edits: tuple[Edit, ...] = ()
    whole: bool = False

    @property
    def copy(self) -> Path:
        return self.path.with_name(f"{self.path.name}{_COPY}")

    @property
    def difference(self) -> tuple[str, ...]:
        """A unified diff, by line."""
        old, new = ((text or "").splitlines() for text in (self.now, self.after))
        return tuple(difflib.unified_diff(old, new, str(self.path), str(self.path), n=2, lineterm=""))


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenFile:
    """`digest` is that of the user's own text, None where there was no file."""

    path: str
    digest: str | None
    edits: tuple[Edit, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Note:
    files: tuple[WrittenFile, ...] = field(default_factory=tuple)


@contextlib.contextmanager
def connecting(paths: Paths, tool: str) -> Iterator[None]:
    """One command at a time changes the files of a program. Raises Conflict."""
    with hold(paths.locks_folder / f"connect-{tool}.lock", note=f"connect {tool}"):
        yield


def planned(
    paths: Paths, tool: str, files: Sequence[ClientFile], environ: Mapping[str, str], endpoint: ClientEndpoint
) -> list[FileChange]:
    """What connecting changes, also where nothing is to be done. Raises ConfigInvalid, StorageFailed."""
    notes = {item.path: item for item in _read_note(paths, tool).files}
    return [_planned(tool, file, notes, environ, endpoint) for file in files]


def written_anew(file: ClientFile, environ: Mapping[str, str], endpoint: ClientEndpoint) -> FileChange:
    """What a file would be that holds nothing else."""
    edits = tuple(file.edit("", endpoint))
    return FileChange(path=_place(file, environ), now=None, after=applied("", edits), edits=edits)


def write_planned(paths: Paths, tool: str, changes: Sequence[FileChange]) -> None:
    """Copies first, then the note, then the files: a command that is killed in between can be run again."""
    for change in changes:
        if change.own is not None and change.edits:
            write_atomic(change.copy, change.own.encode(), mode=_mode(change.path))
    noted = [
        WrittenFile(
            path=str(change.path), digest=None if change.own is None else _digest(change.own), edits=change.edits
        )
        for change in changes
        if change.edits
    ]
    write_atomic(_note_path(paths, tool), json.dumps(to_document(_Note(files=tuple(noted))), indent=1) + "\n")
    for change in changes:
        _store(change)


def planned_back(paths: Paths, tool: str) -> list[FileChange]:
    """What taking back changes. Raises ConfigInvalid where what was written has been changed, or its copy is gone."""
    return [change for item in _read_note(paths, tool).files if (change := _back(item)) is not None]


def write_back(paths: Paths, tool: str, changes: Sequence[FileChange]) -> None:
    for change in changes:
        _store(change)
    with translated(_note_path(paths, tool), verb="remove"):
        _note_path(paths, tool).unlink(missing_ok=True)


def _planned(
    tool: str, file: ClientFile, notes: Mapping[str, WrittenFile], environ: Mapping[str, str], endpoint: ClientEndpoint
) -> FileChange:
    path = _place(file, environ)
    now = _read(path)
    own, note = now, notes.get(str(path))
    if now is not None and note is not None:
        with contextlib.suppress(EditRefused):  # changed by hand since: from now on it is the user's
            own = _without_ours(note, now)
            own = None if note.digest is None and not own.strip() else own
    try:
        edits = tuple(file.edit(own or "", endpoint))
    except EditRefused as reason:
        raise ConfigInvalid(
            f"`{path}` cannot be edited safely",
            cause=[str(reason), "the file stays as it is"],
            hints=[f"to put it in by hand: modelscan connect {tool} --print"],
            details={"path": str(path)},
        ) from reason
    after = applied(own or "", edits) if edits or own is not None else None
    whole = not edits and note is not None and _is_as_before(note, own)
    return FileChange(path=path, now=now, after=after, own=own, edits=edits, whole=whole)


def _back(item: WrittenFile) -> FileChange | None:
    path = Path(item.path)
    now = _read(path)
    if now is None:
        return None
    try:
        own = _without_ours(item, now)
    except EditRefused as reason:
        raise ConfigInvalid(
            f"what modelscan wrote into `{path}` cannot be taken back by itself",
            cause=[str(reason), "the file stays as it is"],
            hints=[f"remove it by hand: ${{EDITOR:-vi}} '{path}'", f"the file before: '{path}{_COPY}'"],
            details={"path": str(path)},
        ) from reason
    gone = item.digest is None and not own.strip()
    whole = _is_as_before(item, own)
    return FileChange(path=path, now=now, after=None if gone else own, own=own, whole=whole)


def _is_as_before(item: WrittenFile, own: str | None) -> bool:
    return item.digest is not None and own is not None and _digest(own) == item.digest


def _store(change: FileChange) -> None:
    if change.after is None:
        with translated(change.path, verb="remove"):
            change.path.unlink(missing_ok=True)
    elif change.after != change.now:
        write_atomic(change.path, change.after.encode(), mode=_mode(change.path))
    if change.whole:
        with translated(change.copy, verb="remove"):
            change.copy.unlink(missing_ok=True)


def _without_ours(item: WrittenFile, now: str) -> str:
    """Raises EditRefused."""
    before = ""
    if item.digest is not None:
        before = _read(Path(f"{item.path}{_COPY}")) or ""
        if _digest(before) != item.digest:
            raise EditRefused(f"its copy `{item.path}{_COPY}` is gone or was changed")
    try:
        return reverted(before, item.edits, now)
    except EditRefused:
        after = applied(before, item.edits)
        if not is_json(after):
            raise
        return taken_out(before, after, now)  # the program has written its settings anew, in its own way


def _place(file: ClientFile, environ: Mapping[str, str]) -> Path:
    places = [Path(place).expanduser() for place in file.places(environ)]
    return next((place for place in places if place.exists()), places[0]).resolve()


def _read(path: Path) -> str | None:
    with translated(path, verb="read"):
        try:
            return path.read_bytes().decode()
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            raise ConfigInvalid(
                f"`{path}` is not text in UTF-8", cause=["the file stays as it is"], details={"path": str(path)}
            ) from error


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777 if path.exists() else 0o600


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _note_path(paths: Paths, tool: str) -> Path:
    return paths.connections_folder / f"{tool}.json"


def _read_note(paths: Paths, tool: str) -> _Note:
    """Raises ConfigInvalid for one that cannot be read: what is ours would not be known any more."""
    path = _note_path(paths, tool)
    text = _read(path)
    if text is None:
        return _Note()
    try:
        return checked_document(_Note, json.loads(text))
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigInvalid(
            f"the note `{path}` of what was written for `{tool}` is damaged",
            cause=[str(error)],
            hints=[f"if you do not need `--remove` any more: rm '{path}'"],
            details={"path": str(path)},
        ) from error
