from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.dataclasses import replace
from modelscan.errors import Conflict, StateDamaged, StateTooNew, StorageFailed
from modelscan.model import Candidate, Deployment, DeploymentMemory, Hardware, MemoryPerGpu, Plan, Progress
from modelscan.storage.database import open_database, transaction
from modelscan.storage.documents import from_document, to_document
from modelscan.storage.files import write_atomic
from modelscan.storage.locks import Lock, hold, holder, is_held

MIGRATIONS = ["CREATE TABLE a (x INTEGER);\n", "ALTER TABLE a ADD COLUMN y TEXT;\nCREATE INDEX i ON a (x);\n"]


def test_a_file_is_replaced_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    write_atomic(path, "one")
    write_atomic(path, "two")
    assert path.read_text() == "two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [item.name for item in path.parent.iterdir()] == ["file"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_atomic(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_full_disk_is_said_and_the_old_file_stays() -> None:
    with pytest.raises(StorageFailed) as caught:
        write_atomic(Path("/dev/full/file"), "x")
    assert "/dev/full" in caught.value.message


def test_a_lock_tells_who_holds_it_and_is_free_when_released(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with hold(path, note="pid 1: deploy demo"):
        assert is_held(path)
        assert holder(path) == "pid 1: deploy demo"
        said: list[str] = []
        with pytest.raises(Conflict), hold(path, timeout=0.1, on_wait=said.append):
            pass
        assert said == ["pid 1: deploy demo"]
    assert not is_held(path)


def test_a_dead_owner_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    pid = os.fork()
    if pid == 0:
        Lock(path).try_acquire("child")
        os._exit(0)
    os.waitpid(pid, 0)
    assert not is_held(path)


def test_is_held_creates_nothing(tmp_path: Path) -> None:
    assert not is_held(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_migrations_run_once_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    open_database(path, MIGRATIONS[:1]).close()
    first = sqlite3.connect(path)
    first.execute("INSERT INTO a VALUES (1)")
    first.commit()
    first.close()
    database = open_database(path, MIGRATIONS)
    assert [tuple(row) for row in database.execute("SELECT x, y FROM a")] == [(1, None)]
    database.close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_many_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    path, errors = tmp_path / "state.sqlite", []

    def work() -> None:
        try:
            open_database(path, MIGRATIONS).close()
        except Exception as error:  # noqa: BLE001  collected for the assertion
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_newer_state_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    open_database(path, [*MIGRATIONS, "CREATE TABLE future (z);"]).close()
    before = path.read_bytes()
    with pytest.raises(StateTooNew) as caught:
        open_database(path, MIGRATIONS)
    assert caught.value.cause == ("its schema version is 3, this program supports 2",)
    assert path.read_bytes() == before


def test_a_damaged_state_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    path.write_bytes(b"this is not a database" * 100)
    with pytest.raises(StateDamaged) as caught:
        open_database(path, MIGRATIONS)
    assert "mv " in caught.value.hints[0]
    assert path.read_bytes() == b"this is not a database" * 100


def test_a_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    database = open_database(tmp_path / "s.sqlite", MIGRATIONS)
    with pytest.raises(ZeroDivisionError), transaction(database):
        database.execute("INSERT INTO a (x) VALUES (1)")
        _ = 1 / 0
    assert database.execute("SELECT count(*) FROM a").fetchone()[0] == 0
    database.close()


texts = st.text(max_size=20)
deployments = st.builds(
    Deployment,
    id=texts,
    name=texts,
    model=texts,
    backend=st.sampled_from(["vllm", "sglang"]),
    port=st.none() | st.integers(1, 65535),
    served_model_names=st.lists(texts, max_size=3).map(tuple),
    gpu_indices=st.lists(st.integers(0, 7), max_size=3).map(tuple),
    memory=st.builds(DeploymentMemory, estimated_bytes=st.none() | st.integers(0)),
    progress=st.none() | st.builds(Progress, fraction=st.none() | st.floats(0, 1)),
    env=st.dictionaries(texts, texts, max_size=3),
)


@given(deployments)
def test_a_record_reads_back_as_it_was_written(deployment: Deployment) -> None:
    assert from_document(Deployment, to_document(deployment)) == deployment


def test_an_older_record_reads_with_defaults_and_a_newer_key_is_ignored() -> None:
    document = {"id": "1", "name": "a", "model": "m", "backend": "vllm", "from_the_future": 1}
    assert from_document(Deployment, document) == Deployment(id="1", name="a", model="m", backend="vllm")


def test_a_document_has_every_key() -> None:
    plan = Plan(model="m", hardware=Hardware(), feasible=True, chosen=Candidate(backend="vllm"))
    document = to_document(plan)
    assert document["chosen"]["memory_per_gpu"] == to_document(MemoryPerGpu())
    assert document["chosen"]["quantization"] is None
    assert from_document(Plan, document) == replace(plan)
