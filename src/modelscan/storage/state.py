"""The state database: one file, one list of migrations; what each kind of record can do is in a class of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Self

from modelscan.storage.database import empty_database, open_database, refused, transaction
from modelscan.storage.paths import Paths
from modelscan.system.clock import Clock, SystemClock

MIGRATIONS = (
    """
    CREATE TABLE deployments (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, port INTEGER, status TEXT NOT NULL, removed_at TEXT,
        document TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX one_name ON deployments (name) WHERE removed_at IS NULL;
    CREATE UNIQUE INDEX one_port ON deployments (port) WHERE removed_at IS NULL AND port IS NOT NULL;
    CREATE TABLE events (
        number INTEGER PRIMARY KEY AUTOINCREMENT, deployment TEXT NOT NULL REFERENCES deployments (id),
        at TEXT NOT NULL, kind TEXT NOT NULL, message TEXT
    ) STRICT;
    CREATE INDEX events_of ON events (deployment, number);
    """,
    # What the phases of a start took: `what` starts where and in what, `phases` is a JSON list of [phase, seconds].
    """
    CREATE TABLE starts (
        number INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT NOT NULL, at TEXT NOT NULL, phases TEXT NOT NULL
    ) STRICT;
    CREATE INDEX starts_of ON starts (what, number);
    """,
    # Weights that modelscan brought here, by their folder; code that the user let run, by `KIND:HEX`.
    """
    CREATE TABLE downloads (
        path TEXT PRIMARY KEY, source TEXT NOT NULL, repo_id TEXT NOT NULL, at TEXT NOT NULL
    ) STRICT;
    CREATE TABLE agreed_code (
        hash TEXT PRIMARY KEY, repo_id TEXT NOT NULL, file TEXT NOT NULL, at TEXT NOT NULL
    ) STRICT;
    """,
    # What backends said of their memory, for the next plan of the same weights.
    """
    CREATE TABLE measurements (
        number INTEGER PRIMARY KEY AUTOINCREMENT, repo_id TEXT NOT NULL, at TEXT NOT NULL, document TEXT NOT NULL
    ) STRICT;
    CREATE INDEX measurements_of ON measurements (repo_id, number);
    """,
    # Models that seeds and the user made: `key` is the id in lower case, `seed` and `own` are JSON, or nothing.
    """
    CREATE TABLE registered_models (
        key TEXT PRIMARY KEY, id TEXT NOT NULL, seed TEXT, own TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
    ) STRICT;
    """,
    # Commands that outlive who began them, and what they told.
    """
    CREATE TABLE jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, status TEXT NOT NULL, document TEXT NOT NULL
    ) STRICT;
    CREATE TABLE job_events (
        number INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        at TEXT NOT NULL, kind TEXT NOT NULL, message TEXT, fraction REAL, fields TEXT NOT NULL
    ) STRICT;
    CREATE INDEX job_events_of ON job_events (job, number);
    """,
    # Models of the Playground API; files of weights that were put where a user wanted them.
    """
    CREATE TABLE playground_models (
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, stage TEXT NOT NULL, document TEXT NOT NULL
    ) STRICT;
    CREATE TABLE placed_files (
        place TEXT NOT NULL, path TEXT NOT NULL, repo_id TEXT NOT NULL, size_bytes INTEGER NOT NULL,
        PRIMARY KEY (place, path)
    ) STRICT;
    """,
)


class State:
    """The open database; a context manager. Every method raises StorageFailed, StateDamaged as storage does."""

    def __init__(
        self, paths: Paths, clock: Clock | None = None, *, connection: sqlite3.Connection | None = None
    ) -> None:
        self._path = paths.database_file
        self._clock = clock or SystemClock()
        self._connection = connection or open_database(self._path, MIGRATIONS)

    @classmethod
    def for_reading(cls, paths: Paths, clock: Clock | None = None) -> Self:
        """The same, but without making a file: where there is none yet, an empty one in memory."""
        return cls(paths, clock, connection=None if paths.database_file.exists() else empty_database(MIGRATIONS))

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _reading(self) -> AbstractContextManager[None]:
        return refused(self._path)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with refused(self._path), transaction(self._connection):
            yield
