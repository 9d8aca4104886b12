"""State that somebody or something damaged: refused as such by every command, never reset, never a traceback."""

from __future__ import annotations

import contextlib
import json
import signal
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cli.conftest import Modelscan

from modelscan.cli import main
from modelscan.dataclasses import field_names
from modelscan.deployments.document import record_of, written
from modelscan.deployments.files import files_of
from modelscan.deployments.store import Store
from modelscan.errors import StateDamaged
from modelscan.model import Deployment
from modelscan.storage.locks import is_held
from modelscan.storage.ownership import live_supervisor
from modelscan.storage.paths import Paths, paths_below
from modelscan.system.processes.identity import send, tagged_as

SOUND = Deployment(id="a" * 32, name="demo", model="lab/x", backend="vllm", status="failed", port=18080)
_COMMANDS = (["list"], ["status", "demo"], ["logs", "demo"], ["events"], ["env", "demo"], ["stop", "demo"])
_JUNK = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5)),
    *(st.lists(st.integers() | st.text(max_size=3), max_size=2), st.dictionaries(st.text(max_size=3), st.integers())),
)


def stored(home: Path) -> Paths:
    paths = paths_below(home)
    with Store(paths) as store:
        for number in range(20):
            deployment = Deployment(id=f"{number:032}", name=f"demo-{number}", model="lab/x", backend="vllm")
            store.create(record_of(deployment))
    return paths


def test_a_database_cut_at_any_place_is_damaged(tmp_path: Path) -> None:
    paths = stored(tmp_path)
    file = paths.database_file
    whole = file.read_bytes()
    for size in range(0, len(whole), 509):
        file.write_bytes(whole[:size])
        with pytest.raises(StateDamaged), Store(paths) as store:
            store.list(include_removed=True)
            store.events()
        assert file.read_bytes() == whole[:size]


@pytest.mark.parametrize("content", [b"", b"\0" * 4096, b"x" * 5000])
def test_a_database_that_holds_nothing_is_refused_by_every_command(
    content: bytes, modelscan: Modelscan, home: Path
) -> None:
    file = stored(home).database_file
    file.write_bytes(content)
    for command in (*_COMMANDS, ["deploy", "demo"], ["start", "demo"], ["remove", "demo"], ["wait", "demo"]):
        ran = modelscan(*command)
        assert (ran.status, ran.stderr.split("\n")[0]) == (1, f"error: `{file}` is damaged"), command
    assert file.read_bytes() == content


def test_an_empty_database_says_what_to_do(modelscan: Modelscan, home: Path) -> None:
    file = stored(home).database_file
    file.write_bytes(b"")
    assert modelscan("list").stderr == (
        f"error: `{file}` is damaged\n  it is empty\n"
        f"hint: nothing was changed; move it away to start anew: mv '{file}' '{file}.damaged'\n"
    )


def test_many_commands_at_once_make_one_database(tmp_path: Path) -> None:
    """The first of them makes it; none sees it before it is whole."""
    failures: list[Exception] = []

    def use(number: int) -> None:
        try:
            with Store(paths_below(tmp_path)) as store:
                store.create(
                    record_of(Deployment(id=f"{number:032}", name=f"d{number}", model="lab/x", backend="vllm"))
                )
        except Exception as error:  # noqa: BLE001  collected for the assertion
            failures.append(error)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with Store(paths_below(tmp_path)) as store:
        assert len(store.list()) == 12


@pytest.fixture
def altered(home: Path) -> Path:
    with Store(paths_below(home)) as store:
        store.create(record_of(SOUND))
    return home


def alter(home: Path, field: str, value: Any) -> None:
    with contextlib.closing(sqlite3.connect(paths_below(home).database_file)) as database, database:
        document = json.loads(written(record_of(SOUND))) | {field: value}
        database.execute("UPDATE deployments SET document = ?, removed_at = NULL", (json.dumps(document),))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(field=st.sampled_from(sorted(field_names(SOUND))), value=_JUNK, command=st.sampled_from(_COMMANDS))
def test_a_record_of_wrong_types_is_damaged_and_no_bug(
    field: str, value: Any, command: list[str], altered: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alter(altered, field, value)
    status = main(command)
    said = capsys.readouterr().err
    assert status in {0, 3, 7} or (status == 1 and "is damaged\n" in said), (status, said)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("port", "x", "port has a value of a wrong type"),
        ("port", 70_000, "`70000` is not a port"),
        ("memory", {"estimated_bytes": "1"}, "memory.estimated_bytes has a value of a wrong type"),
        ("plan", {"max_model_len": "4k"}, "max_model_len has a value of a wrong type"),
        ("target", "", "there is no target ``"),
    ],
)
def test_the_damaged_field_is_named(field: str, value: Any, said: str, altered: Path, modelscan: Modelscan) -> None:
    alter(altered, field, value)
    ran = modelscan("list", "--json")
    assert (ran.status, ran.error["code"]) == (1, "state_damaged")
    assert f"is damaged\n  {said}\n" in modelscan("list").stderr


@pytest.mark.slow
def test_doctor_reaps_without_the_database(vllm: Path, modelscan: Modelscan, home: Path, folder: Path) -> None:
    (folder / "mood").write_text("newsession")
    deployed = modelscan("deploy", str(folder), "--json").json
    paths = paths_below(home)
    lock = files_of(paths, deployed["id"]).lock
    supervisor = live_supervisor(lock, deployed["id"])
    assert supervisor is not None
    send(supervisor, signal.SIGKILL)
    while is_held(lock):
        time.sleep(0.01)
    assert tagged_as(deployed["id"])
    whole = paths.database_file.read_bytes()
    for extra in ("-wal", "-shm"):
        paths.database_file.with_name(paths.database_file.name + extra).unlink(missing_ok=True)
    paths.database_file.write_bytes(b"")
    shown = modelscan("doctor", "--json").json
    assert [check["name"] for check in shown if check["status"] == "problem"] == ["orphans", "state_damaged"]
    modelscan("doctor", "--reap")
    assert tagged_as(deployed["id"]) == set()
    paths.database_file.write_bytes(whole)
