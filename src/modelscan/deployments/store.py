"""The records of deployments and their events: SQLite, one JSON document a row, names and ports claimed once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from modelscan import dataclasses
from modelscan.dataclasses import dataclass
from modelscan.deployments.causes import cause, step
from modelscan.deployments.document import read, written
from modelscan.deployments.record import Record
from modelscan.deployments.transitions.allowed import may_follow
from modelscan.errors import Conflict, DeploymentNotFound, ModelAmbiguous, StateDamaged
from modelscan.storage.state import State
from modelscan.system.clock import rfc3339

_UPDATE = "UPDATE deployments SET name = ?, port = ?, status = ?, removed_at = ?, document = ? WHERE id = ?"
EVENTS_KEPT = 200
STARTS_KEPT = 9  # an odd number, for the median


@dataclass(frozen=True, kw_only=True, slots=True)
class DeploymentEvent:
    """`kind` is a status that began, or the writer's own word."""

    number: int
    deployment: str
    at: str
    kind: str
    message: str | None


class Store(State):
    """Deployments, their events, and how long their starts took."""

    def create(self, record: Record, *, replacing: Record | None = None) -> Record:
        """Write a new record and so claim its name and port, with its times. Raises Conflict when one is taken.

        `replacing` is one that was just removed: both are written in one step, so that no moment has neither.
        `details["taken"]` of the Conflict is `name` or `port`.
        """
        now = rfc3339(self._clock.now())
        new = dataclasses.replace(
            record,
            spec=dataclasses.replace(record.spec, created_at=record.spec.created_at or now),
            status=dataclasses.replace(record.status, updated_at=now),
        )
        with self._writing():
            if replacing is not None:
                self._connection.execute(_UPDATE, _row(replacing))
            others = list(self._rows("removed_at IS NULL AND (name = ? OR port = ?)", new.name, new.pinned.port))
            if others:
                raise _taken(new, next((other for other in others if other.name == new.name), others[0]))
            self._connection.execute(
                "INSERT INTO deployments (name, port, status, removed_at, document, id) VALUES (?, ?, ?, ?, ?, ?)",
                _row(new),
            )
            self._event(new.id, now, new.status.current, cause(new))
        return new

    def get(self, reference: str) -> Record:
        """By name, id, or a model id that exactly one deployment has.

        Raises DeploymentNotFound with near names, or ModelAmbiguous that lists the deployments of the model.
        """
        with self._reading():
            for row in self._rows("removed_at IS NULL AND (name = ? OR id = ?)", reference, reference):
                return row
            rows = self.list()
        found = [item for item in rows if reference in {item.spec.model, item.spec.catalog_id, item.pinned.repo_id}]
        if len(found) == 1:
            return found[0]
        if found:
            raise ModelAmbiguous(
                f"{len(found)} deployments run `{reference}`",
                hints=[f"name one: {', '.join(item.name for item in found)}"],
                details={"names": [item.name for item in found]},
            )
        raise _unknown(reference, [item.name for item in rows])

    def by_id(self, deployment_id: str) -> Record:
        """Removed or not. Raises DeploymentNotFound."""
        with self._reading():
            for row in self._rows("id = ?", deployment_id):
                return row
        raise _unknown(deployment_id, [])

    def known_removed(self, reference: str) -> Record | None:
        """The deployment removed last that had this name or id, for "already removed"."""
        with self._reading():
            rows = list(self._rows("removed_at IS NOT NULL AND (name = ? OR id = ?)", reference, reference))
        return max(rows, key=lambda item: item.status.removed_at or "", default=None)

    def list(self, *, include_removed: bool = False) -> tuple[Record, ...]:
        """In the order of their creation."""
        with self._reading():
            return tuple(self._rows("1" if include_removed else "removed_at IS NULL"))

    def write(self, record: Record) -> Record:
        """Write what a transition made of a record, and return it with the time. A new status becomes an event.

        Raises DeploymentNotFound, or Conflict when the record cannot go to that status from where it is by now.
        """
        now = rfc3339(self._clock.now())
        new = dataclasses.replace(record, status=dataclasses.replace(record.status, updated_at=now))
        with self._writing():
            old = self._current(new.id)
            before = old.status.current
            if not may_follow(before, new.status.current):
                raise Conflict(
                    f"`{new.name}` cannot become `{new.status.current}`: it is `{before}`",
                    hints=[f"modelscan status {new.name}"],
                )
            self._connection.execute(_UPDATE, _row(new))
            if new.status.current != before:
                self._event(new.id, now, new.status.current, cause(new))
            if (phase := step(old, new)) is not None:
                self._event(new.id, now, "phase", phase)
        return new

    def add_event(self, deployment_id: str, kind: str, message: str | None = None) -> None:
        with self._writing():
            self._event(deployment_id, rfc3339(self._clock.now()), kind, message)

    def events(self, deployment_id: str | None = None, *, after: int = 0) -> Sequence[DeploymentEvent]:
        """Oldest first; those with a number above `after`. The last 200 of each deployment are kept."""
        where, values = ("deployment = ? AND ", (deployment_id,)) if deployment_id else ("", ())
        with self._reading():
            rows = self._connection.execute(
                f"SELECT * FROM events WHERE {where}number > ? ORDER BY number",  # noqa: S608  two literals
                (*values, after),
            ).fetchall()
        return [DeploymentEvent(**dict(row)) for row in rows]

    def last_event(self) -> int:
        """The number of the newest event of any deployment."""
        with self._reading():
            return int(self._connection.execute("SELECT coalesce(max(number), 0) FROM events").fetchone()[0])

    def was_ready(self, deployment_id: str) -> bool:
        """Whether it was ever ready, as far as its events go back."""
        with self._reading():
            return (
                self._connection.execute(
                    "SELECT 1 FROM events WHERE deployment = ? AND kind = 'ready'", (deployment_id,)
                ).fetchone()
                is not None
            )

    def add_start(self, what: str, phases: Sequence[tuple[str, float]]) -> None:
        """Keep how long the phases of a start took. The last 9 of each `what` are kept."""
        with self._writing():
            self._connection.execute(
                "INSERT INTO starts (what, at, phases) VALUES (?, ?, ?)",
                (what, rfc3339(self._clock.now()), json.dumps(list(phases))),
            )
            self._connection.execute(
                "DELETE FROM starts WHERE what = ? AND number <= (SELECT number FROM starts WHERE what = ?"
                " ORDER BY number DESC LIMIT 1 OFFSET ?)",
                (what, what, STARTS_KEPT),
            )

    def starts(self, what: str) -> Sequence[Sequence[tuple[str, float]]]:
        """The phases, with their seconds, of each start that is kept."""
        with self._reading():
            rows = self._connection.execute("SELECT phases FROM starts WHERE what = ?", (what,)).fetchall()
        return [phases for row in rows if (phases := _phases(row["phases"]))]

    def _current(self, deployment_id: str) -> Record:
        for record in self._rows("id = ?", deployment_id):
            return record
        raise _unknown(deployment_id, [])

    def _event(self, deployment_id: str, at: str, kind: str, message: str | None) -> None:
        self._connection.execute(
            "INSERT INTO events (deployment, at, kind, message) VALUES (?, ?, ?, ?)", (deployment_id, at, kind, message)
        )
        self._connection.execute(
            "DELETE FROM events WHERE deployment = ? AND number <= (SELECT number FROM events WHERE deployment = ?"
            " ORDER BY number DESC LIMIT 1 OFFSET ?)",
            (deployment_id, deployment_id, EVENTS_KEPT),
        )

    def _rows(self, where: str, *values: object) -> Iterator[Record]:
        rows = self._connection.execute(
            f"SELECT id, document FROM deployments WHERE {where} ORDER BY rowid",  # noqa: S608  literals of this file
            values,
        )
        for row in rows.fetchall():
            yield self._read(row)

    def _read(self, row: Mapping[str, Any]) -> Record:
        try:
            return read(row["document"])
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise StateDamaged(
                f"the record `{row['id']}` in `{self._path}` is damaged",
                cause=[str(error)],
                hints=[f"nothing was changed; move it away to start fresh: mv '{self._path}' '{self._path}.damaged'"],
                details={"path": str(self._path), "id": row["id"]},
            ) from error


def _phases(text: str) -> Sequence[tuple[str, float]]:
    """None of them where the row cannot be read: an estimate is not worth a failure."""
    try:
        return [(str(phase), float(seconds)) for phase, seconds in json.loads(text)]
    except (ValueError, TypeError):
        return []


def _row(record: Record) -> tuple[object, ...]:
    status = record.status
    return (record.name, record.pinned.port, status.current, status.removed_at, written(record), record.id)


def _taken(new: Record, other: Record) -> Conflict:
    if other.name == new.name:
        return Conflict(
            f"there is already a deployment `{new.name}`",
            cause=[f"it is `{other.status.current}` and runs {other.spec.model}"],
            hints=[f"modelscan status {new.name}", f"modelscan remove {new.name}", "or use another --name"],
            details={"taken": "name", "deployment": other.id},
        )
    return Conflict(
        f"port `{new.pinned.port}` belongs to the deployment `{other.name}`",
        cause=[f"`{other.name}` is `{other.status.current}`; a deployment keeps its port until it is removed"],
        hints=["leave out --port for a free one", f"or give up that one: modelscan remove {other.name}"],
        details={"taken": "port", "deployment": other.id},
    )


def _unknown(reference: str, names: Sequence[str]) -> DeploymentNotFound:
    from difflib import get_close_matches

    near = get_close_matches(reference, names, n=3, cutoff=0.5)
    return DeploymentNotFound(
        f"there is no deployment `{reference}`",
        hints=[f"did you mean {' or '.join(f'`{name}`' for name in near)}?" if near else "modelscan list"],
        details={"near": near},
    )
