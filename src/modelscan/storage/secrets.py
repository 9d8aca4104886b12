"""The user's secrets: in the system's keyring, or, where there is none, in a file that only the user can read."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from modelscan.errors import StateDamaged, StorageFailed
from modelscan.storage.files import translated, write_atomic
from modelscan.storage.paths import Paths

_SERVICE = "modelscan"


class Secrets:
    """Secrets by name. `file` takes what no keyring takes; it is there only while it holds something."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def get(self, name: str) -> str | None:
        """Raises StateDamaged for an unreadable file; a keyring that does not answer has nothing."""
        with _keyring() as keyring:
            if keyring is not None and (found := keyring.get_password(_SERVICE, name)):
                return str(found)
        return self._read().get(name)

    def put(self, name: str, secret: str) -> bool:
        """Keep it, replacing an earlier one; whether the keyring took it. Raises StorageFailed."""
        if self.entrust(name, secret):
            self._write({key: value for key, value in self._read().items() if key != name})
            return True
        self._write({**self._read(), name: secret})
        return False

    def entrust(self, name: str, secret: str) -> bool:
        """Give it to the keyring and to nothing else; whether there is one that took it."""
        with _keyring() as keyring:
            if keyring is not None:
                keyring.set_password(_SERVICE, name, secret)
                return True
        return False

    def forget(self, name: str) -> bool:
        """Remove it from wherever it is; whether there was one."""
        there = False
        with _keyring() as keyring:
            if keyring is not None and keyring.get_password(_SERVICE, name):
                keyring.delete_password(_SERVICE, name)
                there = True
        content = self._read()
        if name in content:
            self._write({key: value for key, value in content.items() if key != name})
            there = True
        return there

    def _read(self) -> dict[str, str]:
        try:
            content = json.loads(self.file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StorageFailed(f"cannot read `{self.file}`", cause=[error.strerror or str(error)]) from error
        except ValueError as error:
            raise self._damaged() from error
        if not isinstance(content, dict):
            raise self._damaged()
        return {str(name): str(value) for name, value in content.items()}

    def _damaged(self) -> StateDamaged:
        return StateDamaged(
            f"`{self.file}`, which holds your tokens, is damaged",
            hints=[f"rm '{self.file}'", "modelscan login"],
            details={"path": str(self.file)},
        )

    def _write(self, content: dict[str, str]) -> None:
        if content:
            write_atomic(self.file, json.dumps(content, indent=2) + "\n", mode=0o600)
        else:
            with translated(self.file, verb="remove"):
                self.file.unlink(missing_ok=True)


def own_secrets_file(paths: Paths, owner: str) -> Path:
    """Where secrets lie that are gone with their owner."""
    return paths.secrets_folder / owner


def kept_secret(paths: Paths, name: str) -> str | None:
    """The user's secret of that name, or that of the owner who is called so. Raises as `Secrets.get`."""
    found = Secrets(paths.secrets_file).get(name)
    if found is None and name == Path(name).name and name not in {"", ".", ".."}:
        found = Secrets(own_secrets_file(paths, name)).get(name)
    return found


@contextlib.contextmanager
def _keyring() -> Iterator[Any]:
    """The keyring of the user's session, None where there is none. What it refuses inside is as if it were not there:
    the block ends early, and the caller goes on with the file.
    """
    try:
        import keyring.errors
    except ImportError:
        yield None
        return
    backend = keyring.get_keyring()
    try:
        yield backend if backend.priority > 0 else None  # 0: the backend that only fails
    except keyring.errors.KeyringError:
        return
