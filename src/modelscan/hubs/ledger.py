"""Records about weights: which ones modelscan downloaded, where it put others, and whose code the user let run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from modelscan.dataclasses import dataclass
from modelscan.model import Source
from modelscan.storage.state import State
from modelscan.system.clock import rfc3339


@dataclass(frozen=True, kw_only=True, slots=True)
class Downloaded:
    """Weights that modelscan downloaded; `path` is the folder of their repo."""

    path: str
    source: Source
    repo_id: str
    at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PlacedFile:
    """A file of weights that modelscan was told to put somewhere; `path` is its name below that place."""

    repo_id: str
    path: str
    size_bytes: int


class Ledger(State):
    """Downloads, files in places of the user's, and agreements."""

    def downloads(self) -> Mapping[str, Downloaded]:
        """By their folder."""
        with self._reading():
            rows = self._connection.execute("SELECT path, source, repo_id, at FROM downloads ORDER BY at").fetchall()
        return {row["path"]: Downloaded(**dict(row)) for row in rows}

    def add_download(self, path: Path, source: Source, repo_id: str) -> None:
        """Written before the first byte, so that a partial download is ours too."""
        with self._writing():
            self._connection.execute(
                "INSERT OR IGNORE INTO downloads (path, source, repo_id, at) VALUES (?, ?, ?, ?)",
                (str(path), source, repo_id, rfc3339(self._clock.now())),
            )

    def forget_download(self, path: Path) -> None:
        with self._writing():
            self._connection.execute("DELETE FROM downloads WHERE path = ?", (str(path),))

    def place(self, place: str, files: Iterable[PlacedFile]) -> None:
        """Written before the first byte of them: `place` is a folder, or an address in S3."""
        with self._writing():
            self._connection.executemany(
                "INSERT OR REPLACE INTO placed_files (place, path, repo_id, size_bytes) VALUES (?, ?, ?, ?)",
                [(place, file.path, file.repo_id, file.size_bytes) for file in files],
            )

    def placed(self, place: str) -> Sequence[PlacedFile]:
        with self._reading():
            rows = self._connection.execute(
                "SELECT repo_id, path, size_bytes FROM placed_files WHERE place = ? ORDER BY path", (place,)
            ).fetchall()
        return [PlacedFile(**dict(row)) for row in rows]

    def forget_placed(self, place: str) -> None:
        with self._writing():
            self._connection.execute("DELETE FROM placed_files WHERE place = ?", (place,))

    def agreed(self, hashes: Iterable[str]) -> frozenset[str]:
        """Those of the hashes of code (`KIND:HEX`) that the user agreed to."""
        wanted = tuple(hashes)
        marks = ", ".join("?" * len(wanted))
        with self._reading():
            rows = self._connection.execute(
                f"SELECT hash FROM agreed_code WHERE hash IN ({marks})",  # noqa: S608  only question marks
                wanted,
            ).fetchall()
        return frozenset(row["hash"] for row in rows)

    def agree(self, files: Mapping[str, str], repo_id: str) -> None:
        """The user lets this code run: file names and their hashes."""
        now = rfc3339(self._clock.now())
        with self._writing():
            self._connection.executemany(
                "INSERT OR IGNORE INTO agreed_code (hash, repo_id, file, at) VALUES (?, ?, ?, ?)",
                [(found, repo_id, name, now) for name, found in files.items()],
            )
