"""Keys that clients show: only their hashes are kept, in a file that only the user can read.

A key is 32 random bytes, so a plain SHA-256 of it cannot be searched back; a slow hash would cost every request.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from pathlib import Path

from modelscan.dataclasses import dataclass
from modelscan.errors import StateDamaged
from modelscan.storage.documents import checked_document, to_document
from modelscan.storage.files import translated, write_atomic
from modelscan.storage.locks import hold

PREFIX = "sk-ms-"
# The name of the one that the page's own requests show: its process makes it, and only where keys are asked for.
OF_THE_PAGE = "page@modelscan"


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientKey:
    """`models` are those it may ask; all, where there are none. `rate` is requests per minute."""

    name: str
    hash: str
    models: tuple[str, ...] = ()
    rate: int | None = None
    created_at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Keys:
    keys: tuple[ClientKey, ...] = ()


def new_key() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def hash_of(key: str | bytes) -> str:
    return hashlib.sha256(key if isinstance(key, bytes) else key.encode()).hexdigest()


def read_keys(path: Path) -> tuple[ClientKey, ...]:
    """In the order of their making. Raises StateDamaged: nobody is let in by a file that cannot be read."""
    with translated(path, verb="read"):
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ()
    try:
        return checked_document(_Keys, json.loads(text)).keys
    except (ValueError, TypeError, KeyError) as error:
        raise StateDamaged(
            f"`{path}`, which holds the hashes of your keys, is damaged",
            cause=[str(error)],
            hints=[f"rm '{path}'", "modelscan gateway keys add NAME"],
            details={"path": str(path)},
        ) from error


def change_keys(path: Path, change: Callable[[tuple[ClientKey, ...]], tuple[ClientKey, ...]]) -> None:
    """Under the file's lock. The page's own never stays alone: it would have everybody asked for a key.

    Raises what `change` raises, StateDamaged, StorageFailed, Conflict (lock).
    """
    with hold(path.with_name(f".{path.name}.lock"), note="keys"):
        changed = change(read_keys(path))
        if all(key.name == OF_THE_PAGE for key in changed):
            changed = ()
        write_atomic(path, json.dumps(to_document(_Keys(keys=changed)), indent=2) + "\n", mode=0o600)
