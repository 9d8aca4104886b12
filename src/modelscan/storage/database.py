"""SQLite with numbered migrations: WAL, a busy timeout, newer or damaged files refused and never reset."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from modelscan.errors import StateDamaged, StateTooNew, StorageFailed
from modelscan.storage.files import private_folder, storage_failed
from modelscan.storage.locks import hold

BUSY_TIMEOUT_MS = 10_000


def open_database(path: Path, migrations: Sequence[str]) -> sqlite3.Connection:
    """Open (and create) a database and bring it to the newest schema.

    `migrations[n]` is SQL that leads from version n to n+1; the version is SQLite's `user_version`. Autocommit;
    use `transaction` for more than one statement. Raises StateTooNew, StateDamaged, StorageFailed.
    """
    private_folder(path.parent)
    with refused(path):
        if not path.exists():
            _create(path, migrations)
        connection = _connect(path)
        try:
            _bring_up_to_date(connection, path, migrations)
            connection.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            connection.close()
            raise
        return connection


def _bring_up_to_date(connection: sqlite3.Connection, path: Path, migrations: Sequence[str]) -> None:
    found = _version(connection)
    if found == 0:  # ours has a schema from its first moment on
        raise _damaged(path, "it is empty" if path.stat().st_size == 0 else "it has no schema")
    if found != len(migrations):
        _migrate(connection, path, found, migrations)


def _create(path: Path, migrations: Sequence[str]) -> None:
    """A file appears with its whole schema or not at all: an empty one is always damage, never a beginning."""
    with hold(path.with_name(f".{path.name}.lock"), note=f"process {os.getpid()}"):
        if path.exists():
            return
        new = path.with_name(f".{path.name}.new")
        for old in path.parent.glob(f"{new.name}*"):
            old.unlink()
        new.touch(mode=0o600)
        with contextlib.closing(_connect(new)) as connection:
            _migrate(connection, new, 0, migrations)
        new.replace(path)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000)
    connection.row_factory = sqlite3.Row
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    return connection


def empty_database(migrations: Sequence[str]) -> sqlite3.Connection:
    """The newest schema without a row, in memory: for reading where there is no file yet."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.executescript("".join(migrations))
    return connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _migrate(connection: sqlite3.Connection, path: Path, found: int, migrations: Sequence[str]) -> None:
    if found > len(migrations):
        raise StateTooNew(
            f"`{path}` was written by a newer modelscan",
            cause=[f"its schema version is {found}, this program supports {len(migrations)}"],
            hints=[
                "upgrade: uv tool upgrade modelscan-cli",
                "or use another home: export MODELSCAN_HOME=/path",
            ],
            details={"path": str(path), "found": found, "known": len(migrations)},
        )
    connection.execute("PRAGMA journal_mode = WAL")
    with transaction(connection):
        for number in range(_version(connection), len(migrations)):  # read again: another process may have migrated
            for statement in _statements(migrations[number]):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")


def _statements(script: str) -> Iterator[str]:
    """The statements of a script, one by one: `executescript` would commit our transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All or nothing, with the write lock taken at once, so that what is read inside stays true until the end."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        if connection.in_transaction:  # a full disk has already rolled it back
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _damaged(path: Path, cause: str) -> StateDamaged:
    return StateDamaged(
        f"`{path}` is damaged",
        cause=[cause],
        hints=[f"nothing was changed; move it away to start anew: mv '{path}' '{path}.damaged'"],
        details={"path": str(path)},
    )


@contextlib.contextmanager
def refused(path: Path) -> Iterator[None]:
    """Inside, SQLite's and the system's errors about `path` become ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise StorageFailed(
                f"`{path}` stayed locked for {BUSY_TIMEOUT_MS // 1000} s",
                hints=["stop the command that uses it, then try again"],
            ) from error
        raise StorageFailed(
            f"cannot use `{path}`",
            cause=[str(error)],
            hints=["check the disk and the permissions of that folder, or export MODELSCAN_HOME=/path/to/folder"],
            details={"path": str(path)},
        ) from error
    except sqlite3.DatabaseError as error:
        raise _damaged(path, str(error)) from error
    except OSError as error:
        raise storage_failed(path, error) from error
