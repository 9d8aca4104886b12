"""The records: claimed once, found by any name they have, never reset."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from hostile_house import alter
from write_state import FIXTURES

from modelscan.deployments.document import deployment_of, record_of
from modelscan.deployments.record import Record
from modelscan.deployments.store import EVENTS_KEPT, Store
from modelscan.errors import Conflict, DeploymentNotFound, ModelAmbiguous, StateDamaged, StateTooNew
from modelscan.model import Deployment, DeploymentMemory
from modelscan.storage.paths import Paths, paths_below
from modelscan.storage.state import MIGRATIONS


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return paths_below(tmp_path)


def recorded(name: str = "demo", port: int | None = 8080, **changes: object) -> Record:
    values: dict[str, object] = {"id": f"id-of-{name}", "model": "lab/demo", "backend": "vllm", **changes}
    return record_of(Deployment(name=name, port=port, **values))  # type: ignore[arg-type]


def test_a_record_comes_back_as_it_was(paths: Paths) -> None:
    with Store(paths) as store:
        made = store.create(recorded(gpu_indices=(0, 1), memory=DeploymentMemory(estimated_bytes=7)))
    with Store(paths) as store:
        assert store.get("demo") == made
    assert made.spec.created_at is not None
    assert made.spec.created_at == made.status.updated_at
    assert paths.database_file.stat().st_mode & 0o777 == 0o600
    assert paths.state.stat().st_mode & 0o777 == 0o700


def test_name_and_port_are_claimed_until_removed(paths: Paths) -> None:
    with Store(paths) as store:
        store.create(recorded())
        with pytest.raises(Conflict) as name:
            store.create(recorded(id="2", port=8081))
        assert name.value.message == "there is already a deployment `demo`"
        with pytest.raises(Conflict) as port:
            store.create(recorded("other"))
        assert port.value.message == "port `8080` belongs to the deployment `demo`"
        assert port.value.details["taken"] == "port"
        alter(store, "id-of-demo", status="stopped")
        alter(store, "id-of-demo", removed_at="2026-01-01T00:00:00Z")
        store.create(recorded(id="2"))


def test_found_by_name_id_and_the_model_of_one_deployment(paths: Paths) -> None:
    with Store(paths) as store:
        one = store.create(recorded("one", 1, model="lab/one", catalog_id="lab/one", repo_id="Lab/One"))
        for reference in ("one", "id-of-one", "lab/one", "Lab/One"):
            assert store.get(reference) == one
        store.create(recorded("two", 2, model="lab/one"))
        with pytest.raises(ModelAmbiguous) as several:
            store.get("lab/one")
        assert several.value.hints == ("name one: one, two",)
        with pytest.raises(DeploymentNotFound) as near:
            store.get("tow")
        assert near.value.hints == ("did you mean `two`?",)


def test_removed_ones_are_remembered(paths: Paths) -> None:
    with Store(paths) as store:
        store.create(recorded())
        alter(store, "id-of-demo", removed_at="2026-01-01T00:00:00Z")
        assert store.list() == ()
        assert [item.name for item in store.list(include_removed=True)] == ["demo"]
        found = store.known_removed("demo")
        assert found is not None
        assert found.id == "id-of-demo"
        assert store.known_removed("never") is None
        with pytest.raises(DeploymentNotFound):
            store.get("demo")


def test_a_record_goes_only_where_it_may(paths: Paths) -> None:
    with Store(paths) as store:
        store.create(recorded(status="stopped"))
        with pytest.raises(Conflict, match="cannot become `ready`"):
            alter(store, "id-of-demo", status="ready", phase="half")
        assert store.get("demo").status.phase is None


def test_each_status_is_an_event_and_old_events_go(paths: Paths) -> None:
    with Store(paths) as store:
        store.create(recorded())
        alter(store, "id-of-demo", status="starting")
        alter(store, "id-of-demo", phase="loading")
        alter(store, "id-of-demo", status="failed", last_error="out of memory")
        found = [(event.kind, event.message) for event in store.events("id-of-demo")]
        assert found == [
            ("pending", "weights as they are with vllm"),
            ("starting", "on port 8080"),
            ("phase", "loading"),
            ("failed", "out of memory"),
        ]
        for number in range(EVENTS_KEPT):
            store.add_event("id-of-demo", "note", str(number))
        assert [event.message for event in store.events()][:2] == ["0", "1"]
        assert len(store.events(after=store.events()[-2].number)) == 1


def test_of_many_that_race_for_a_name_or_a_port_one_wins(paths: Paths) -> None:
    with Store(paths):
        pass
    outcomes: list[str] = []
    barrier = threading.Barrier(8)

    def race(number: int) -> None:
        with Store(paths) as store:
            barrier.wait()
            same_name = number % 2 == 0
            try:
                store.create(
                    recorded(
                        "same" if same_name else f"n{number}", 9000 + number if same_name else 8080, id=str(number)
                    )
                )
            except Conflict as conflict:
                outcomes.append(str(conflict.details["taken"]))
            else:
                outcomes.append("won")

    threads = [threading.Thread(target=race, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["name"] * 3 + ["port"] * 3 + ["won"] * 2


def test_changes_of_many_writers_are_all_kept(paths: Paths) -> None:
    with Store(paths) as store:
        store.create(recorded())

    def count() -> None:
        with Store(paths) as mine:
            for _ in range(20):
                mine.add_event("id-of-demo", "note")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Store(paths) as store:
        assert len(store.events("id-of-demo")) == 81


def test_reading_makes_no_file(paths: Paths) -> None:
    with Store.for_reading(paths) as store:
        assert store.list() == ()
    assert not paths.database_file.exists()


def test_newer_and_damaged_state_is_refused_and_left_alone(paths: Paths) -> None:
    with Store(paths) as store:
        store.create(recorded())
    connection = sqlite3.connect(paths.database_file)
    connection.execute("UPDATE deployments SET document = '[1'")
    connection.commit()
    with Store(paths) as store, pytest.raises(StateDamaged, match="record `id-of-demo`"):
        store.list()
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StateTooNew):
        Store(paths)


KEPT = {int(path.stem.removeprefix("state_")): path for path in FIXTURES.glob("state_*.sql")}


def test_a_state_of_every_older_schema_is_kept() -> None:
    missing = set(range(1, len(MIGRATIONS))) - set(KEPT)
    assert not missing, "at the commit that had that schema, run: python tests/deployments/write_state.py"


@pytest.mark.parametrize("version", sorted(KEPT))
def test_records_of_every_schema_load_for_ever(version: int, paths: Paths) -> None:
    paths.state.mkdir(parents=True)
    connection = sqlite3.connect(paths.database_file)
    connection.executescript(KEPT[version].read_text(encoding="utf-8"))
    connection.close()
    with Store(paths) as store:
        [small] = map(deployment_of, store.list())
        assert (small.id, small.name, small.status, small.port) == ("0a1", "small", "failed", 8080)
        assert (small.gpu_uuids, small.max_model_len) == (("GPU-1", "GPU-2"), 40960)
        assert small.memory == DeploymentMemory(estimated_bytes=7516192768, measured_bytes=7000000000)
        assert small.measured.decode_tokens_per_second == 88.0
        assert small.request == {"model": "qwen/qwen3-0.6b", "context_length": 40960}
        assert small.argv[:2] == ("/opt/vllm/bin/vllm", "serve")
        assert small.error_suggested == {"context_length": 640}
        gone = store.known_removed("gone")
        assert gone is not None
        assert (gone.pinned.task, gone.status.removed_at) == ("embed", "2026-11-21T08:00:00Z")
        assert [event.kind for event in store.events("0a1") if event.kind != "phase"] == [
            "pending",
            "starting",
            "ready",
            "failed",
        ]
        assert alter(store, "0a1", status="starting").status == "starting"
        store.add_start("what", [("launching", 1.0)])
        assert store.starts("what") == [[("launching", 1.0)]]
