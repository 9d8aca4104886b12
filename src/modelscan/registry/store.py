"""Registered models in the state database: what seeds said and what the user said of each, apart.

That a seed can be told apart from what the user made of it is what keeps the user's changes over every seeding.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from modelscan.dataclasses import dataclass
from modelscan.errors import StateDamaged
from modelscan.storage.state import State
from modelscan.system.clock import rfc3339

Stated = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisteredRow:
    """`seed` and `own` are what a seed and the user state, None where they state nothing."""

    id: str
    seed: Stated | None = None
    own: Stated | None = None
    created_at: str = ""
    updated_at: str = ""

    @property
    def key(self) -> str:
        return self.id.casefold()


Change = Callable[[RegisteredRow | None], RegisteredRow | None]
"""From a row, or none, to what it becomes; None removes it."""


class RegistryStore(State):
    """The rows, by id in any spelling. Every change is one transaction, and only what differs is written."""

    def rows(self) -> dict[str, RegisteredRow]:
        """All, by their key, in the order in which they were made."""
        with self._reading():
            return {row.key: row for row in self._all()}

    def keys(self) -> frozenset[str]:
        """Their keys alone, which can be read of damaged ones too."""
        with self._reading():
            return frozenset(row["key"] for row in self._connection.execute("SELECT key FROM registered_models"))

    def change(self, model_id: str, change: Change) -> RegisteredRow | None:
        """Change one row by what it is now."""
        return self.change_all({model_id: change})[model_id]

    def change_all(self, changes: Mapping[str, Change]) -> dict[str, RegisteredRow | None]:
        """Change several at once: all of it or, where one of them raises, nothing."""
        now = rfc3339(self._clock.now())
        with self._writing():
            rows = {row.key: row for row in self._all()}
            done: dict[str, RegisteredRow | None] = {}
            for model_id, change in changes.items():
                before = rows.get(model_id.casefold())
                done[model_id] = self._write(before, change(before), now)
            return done

    def forget(self, model_id: str) -> None:
        """Remove a row, also one that cannot be read."""
        with self._writing():
            self._connection.execute("DELETE FROM registered_models WHERE key = ?", [model_id.casefold()])

    def _write(self, before: RegisteredRow | None, after: RegisteredRow | None, now: str) -> RegisteredRow | None:
        if after is None:
            if before is not None:
                self._connection.execute("DELETE FROM registered_models WHERE key = ?", [before.key])
            return None
        if before is not None and (before.id, before.seed, before.own) == (after.id, after.seed, after.own):
            return before
        created = before.created_at if before is not None else now
        self._connection.execute(
            "INSERT INTO registered_models (key, id, seed, own, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (key) DO UPDATE SET id = excluded.id, seed = excluded.seed, own = excluded.own,"
            " updated_at = excluded.updated_at",
            [after.key, after.id, _text(after.seed), _text(after.own), created, now],
        )
        return RegisteredRow(id=after.id, seed=after.seed, own=after.own, created_at=created, updated_at=now)

    def _all(self) -> Iterator[RegisteredRow]:
        for row in self._connection.execute("SELECT * FROM registered_models ORDER BY rowid").fetchall():
            yield RegisteredRow(
                id=row["id"],
                seed=self._stated(row["id"], row["seed"]),
                own=self._stated(row["id"], row["own"]),
                created_at=row["created_at"],
                updated_at=row["updated_at"],
            )

    def _stated(self, model_id: str, text: str | None) -> Stated | None:
        try:
            found = json.loads(text) if text is not None else None
        except ValueError:
            found = text
        if found is not None and not isinstance(found, dict):
            raise StateDamaged(
                f"what is kept of the registered model `{model_id}` is damaged",
                hints=[f"nothing was changed; remove it: modelscan model remove {shlex.quote(model_id)}"],
                details={"path": str(self._path), "id": model_id},
            )
        return found


def _text(stated: Stated | None) -> str | None:
    return None if stated is None else json.dumps(stated, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
