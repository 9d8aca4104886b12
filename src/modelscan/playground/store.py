"""The rows of models. A change reads and writes in one transaction, so that of two at once one sees the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from modelscan.errors import Conflict, ModelNotFound, StateDamaged
from modelscan.playground.record import PlaygroundModel
from modelscan.storage.documents import checked_document, to_document
from modelscan.storage.state import State


class PlaygroundStore(State):
    """Models as last written."""

    def add(self, model: PlaygroundModel) -> bool:
        """Write a new one; False where its id is taken, also by a deleted one.

        Raises Conflict for a folder that another model has, or that is inside or around one.
        """
        with self._writing():
            if self._connection.execute("SELECT 1 FROM playground_models WHERE id = ?", (model.id,)).fetchone():
                return False
            for other in self._all("stage != 'deleted'") if model.folder else ():
                if other.folder and _overlap(Path(other.folder), Path(model.folder)):
                    raise Conflict(f"downloadTarget.localPath: `{model.local_path}` is a folder of `{other.id}`")
            self._connection.execute(
                "INSERT INTO playground_models (id, stage, document) VALUES (?, ?, ?)",
                (model.id, model.stage, _document(model)),
            )
        return True

    def kept(self, model_id: str) -> PlaygroundModel:
        """One that clients know. Raises ModelNotFound."""
        with self._reading():
            return self._kept(model_id)

    def find(self, model_id: str) -> PlaygroundModel | None:
        """At any stage."""
        with self._reading():
            return next(iter(self._all("id = ?", model_id)), None)

    def list(self, *, deleted: bool = False) -> Sequence[PlaygroundModel]:
        """Those that clients know, newest first; with `deleted` those that they deleted too."""
        with self._reading():
            return self._all("stage != 'making'" if deleted else "stage = 'kept'")

    def unfinished(self) -> Sequence[PlaygroundModel]:
        """Those of which something was begun, newest first: making, deleting, a pull, an inference or its end."""
        with self._reading():
            found = self._all("stage != 'deleted'")
        return [
            item for item in found if item.stage != "kept" or item.ending or item.inference or item.phase == "Pending"
        ]

    def change(
        self, model_id: str, change: Callable[[PlaygroundModel], PlaygroundModel], *, any_stage: bool = False
    ) -> PlaygroundModel:
        """Replace a row by what `change` makes of it. Raises ModelNotFound for one that clients do not know, unless
        it may be at `any_stage`.
        """
        with self._writing():
            before = self._one(model_id) if any_stage else self._kept(model_id)
            after = change(before)
            if after != before:
                self._connection.execute(
                    "UPDATE playground_models SET stage = ?, document = ? WHERE id = ?",
                    (after.stage, _document(after), model_id),
                )
        return after

    def forget(self, model_id: str) -> None:
        """Remove the row of one that never came to be."""
        with self._writing():
            self._connection.execute("DELETE FROM playground_models WHERE id = ? AND stage = 'making'", (model_id,))

    def _kept(self, model_id: str) -> PlaygroundModel:
        found = self._one(model_id)
        if found.stage != "kept":
            raise not_found(model_id)
        return found

    def _one(self, model_id: str) -> PlaygroundModel:
        found = self._all("id = ?", model_id)
        if not found:
            raise not_found(model_id)
        return found[0]

    def _all(self, where: str, *values: str) -> Sequence[PlaygroundModel]:
        rows = self._connection.execute(
            f"SELECT id, document FROM playground_models WHERE {where} ORDER BY number DESC",  # noqa: S608  literals
            values,
        ).fetchall()
        return [self._read(row) for row in rows]

    def _read(self, row: Any) -> PlaygroundModel:
        try:
            return checked_document(PlaygroundModel, json.loads(row["document"]))
        except (ValueError, TypeError, KeyError) as error:
            raise StateDamaged(
                f"the playground model `{row['id']}` in `{self._path}` is damaged",
                cause=[str(error)],
                hints=[f"nothing was changed; move it away to start fresh: mv '{self._path}' '{self._path}.damaged'"],
                details={"path": str(self._path), "id": row["id"]},
            ) from error


def not_found(model_id: str) -> ModelNotFound:
    shown = model_id if len(model_id) <= _LONGEST_SHOWN else f"{model_id[:_LONGEST_SHOWN]}…"
    return ModelNotFound(f"playground model not found: {shown}", details={"id": shown})


_LONGEST_SHOWN = 100


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _document(model: PlaygroundModel) -> str:
    return json.dumps(to_document(model), ensure_ascii=False)
