"""The page's cookies, and the one-time tokens that they are traded for: files named by their hashes, so that they
survive a restart, and nothing that opens anything is on the disk.

A token is taken by removing its file, which succeeds once.
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from modelscan.dataclasses import dataclass
from modelscan.storage.files import private_folder, write_atomic
from modelscan.storage.keys import hash_of
from modelscan.storage.paths import Paths
from modelscan.system.clock import Clock

COOKIE = "modelscan"
_SESSION_SECONDS = 12 * 3600.0
_TOKEN_SECONDS = 300.0
_SHAPE = re.compile(r"[A-Za-z0-9_-]{20,100}")


@dataclass(frozen=True, slots=True)
class Passes:
    """Secrets of one kind that are valid for `seconds`. `folder` holds an empty file for each, named by its hash."""

    folder: Path
    seconds: float
    clock: Clock

    def issue(self) -> str:
        """A new one. Raises StorageFailed."""
        made = secrets.token_urlsafe(32)
        private_folder(self.folder)
        write_atomic(self._file(made), "", mode=0o600)
        self._forget_old()
        return made

    def valid(self, shown: str) -> bool:
        return _SHAPE.fullmatch(shown) is not None and self._is_young(self._file(shown))

    def take(self, shown: str) -> bool:
        """Whether it was valid; it is not any longer."""
        if not self.valid(shown):
            return False
        try:
            self._file(shown).unlink()
        except OSError:  # somebody else was first
            return False
        return True

    def _file(self, shown: str) -> Path:
        return self.folder / hash_of(shown)

    def _is_young(self, file: Path) -> bool:
        try:
            return self.clock.now().timestamp() - file.stat().st_mtime < self.seconds
        except OSError:
            return False

    def _forget_old(self) -> None:
        for file in self.folder.iterdir():
            if not self._is_young(file):
                file.unlink(missing_ok=True)


def page_sessions(paths: Paths, clock: Clock) -> Passes:
    """The cookies of the page, valid for twelve hours."""
    return Passes(paths.state / "api" / "sessions", _SESSION_SECONDS, clock)


def page_tokens(paths: Paths, clock: Clock) -> Passes:
    """What opens the page once, within five minutes."""
    return Passes(paths.state / "api" / "tokens", _TOKEN_SECONDS, clock)
