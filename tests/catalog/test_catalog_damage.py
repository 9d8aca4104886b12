"""Whatever happens to the user's index: every command works, what was wrong is said, and a refresh heals it."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from tests.catalog.test_catalog_refresh import Noon, web
from tests.catalog.test_catalog_refresh import settings as settings  # noqa: PLC0414  a fixture

from modelscan.catalog.index.index import Index
from modelscan.catalog.index.open import open_index
from modelscan.catalog.index.search import search
from modelscan.catalog.index.whole import check, seal
from modelscan.catalog.naming.identity import resolve
from modelscan.catalog.refresh.refresh import refresh
from modelscan.settings.reading import Settings

Damage = Callable[[Path, random.Random], None]


def flip(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 1, 5, 100])):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def cut(path: Path, chance: random.Random) -> None:
    os.truncate(path, chance.randrange(path.stat().st_size))


def zero(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    place, length = chance.randrange(len(content)), chance.choice([1, 512, 4096, 1 << 20])
    while not content[place]:  # there are zeros in it already
        place = chance.randrange(len(content))
    content[place : place + length] = bytes(len(content[place : place + length]))
    path.write_bytes(content)


def double(path: Path, chance: random.Random) -> None:
    with path.open("ab") as file:
        file.write(chance.randbytes(chance.choice([1, 8, 4096, 8192])))


def directory(path: Path, _: random.Random) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


def pipe(path: Path, _: random.Random) -> None:
    path.unlink()
    os.mkfifo(path)


def foreign(path: Path, _: random.Random) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE models (id, document)")
    connection.close()


def older(path: Path, _: random.Random) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    size = int.from_bytes(path.read_bytes()[28:32], "big") * int.from_bytes(path.read_bytes()[16:18], "big")
    os.truncate(path, size)
    seal(path)


DAMAGES: dict[str, Damage] = {
    one.__name__: one for one in (flip, cut, zero, double, directory, pipe, foreign, older)
}  # fmt: skip


@pytest.fixture
def path(settings: Settings, shipped_index: Path) -> Path:
    """The user's index, whole and looked at."""
    found = settings.paths.index_file
    found.parent.mkdir(parents=True)
    shutil.copyfile(shipped_index, found)
    assert asked(open_index(settings)) is None
    return found


def asked(index: Index) -> str | None:
    """Every kind of question, and what the index has to say about itself after them."""
    assert search(index, "qwen3 coder 30b")[0].id == "alibaba/qwen3-coder-30b-a3b-instruct"
    model = resolve("deepseek-r1", index).model
    assert model is not None
    assert index.records(model.id)
    assert index.sources()
    index.close()
    return index.notice


def content_of(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


@pytest.mark.parametrize("how", DAMAGES)
def test_damage_is_said_and_the_shipped_catalog_serves(settings: Settings, path: Path, how: str) -> None:
    DAMAGES[how](path, random.Random(7))  # noqa: S311
    notice = asked(open_index(settings))
    assert notice is not None
    assert notice.startswith(f"the catalog index `{path}` is damaged (")
    assert notice.endswith("the shipped one is used: modelscan catalog refresh")
    if how not in {"flip", "directory", "pipe"}:  # to a refresh the others are files as the first
        return
    refresh(settings, web(), Noon())
    healed = open_index(settings)
    assert (healed.notice, resolve("novel-9b", healed).model is not None) == (None, True)


@hypothesis_settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chance=st.randoms(use_true_random=False), how=st.sampled_from(["flip", "cut", "zero", "double"]))
def test_no_changed_byte_goes_unseen(settings: Settings, path: Path, how: str, chance: random.Random) -> None:
    assert_seen(settings, path, how, chance)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
def test_no_changed_byte_goes_unseen_in_many(settings: Settings, path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    assert_seen(settings, path, chance.choice(["flip", "cut", "zero", "double"]), chance)


def assert_seen(settings: Settings, path: Path, how: str, chance: random.Random) -> None:
    whole = path.read_bytes()
    DAMAGES[how](path, chance)
    assert asked(open_index(settings)) is not None
    path.write_bytes(whole)
    assert asked(open_index(settings)) is None


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
@pytest.mark.parametrize("of_another", [True, False])
def test_a_journal_beside_it_is_none_of_its_own(settings: Settings, path: Path, suffix: str, of_another: bool) -> None:
    beside = path.with_name(path.name + suffix)
    beside.write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + path.read_bytes()[:20_000] if of_another else b"rubbish")
    assert asked(open_index(settings)) is None


def test_a_home_that_moved_is_looked_at_again(settings: Settings, path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    assert asked(open_index(settings)) is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("of", ["file", "folder"])
def test_an_index_that_may_not_be_read(settings: Settings, path: Path, of: str) -> None:
    closed = path if of == "file" else path.parent
    closed.chmod(0)
    try:
        notice = asked(open_index(settings))
    finally:
        closed.chmod(0o700)
    assert notice is not None
    assert "Permission denied" in notice


@pytest.mark.slow
def test_the_size_is_looked_at_of_a_trusted_file(path: Path) -> None:
    check(path, trusted=True)


REFRESH = """
import sys, json
from modelscan.catalog.refresh.refresh import refresh
from modelscan.settings.reading import load_settings
from tests.catalog.test_catalog_refresh import Noon, web
for _ in range(int(sys.argv[1])):
    refresh(load_settings(json.loads(sys.argv[2])), web(), Noon())
"""
READ = """
import sys, json
from modelscan.catalog.naming.identity import resolve
from modelscan.catalog.index.open import open_index
from modelscan.catalog.index.search import search
from modelscan.settings.reading import load_settings
settings = load_settings(json.loads(sys.argv[1]))
rounds = 0
while sys.stdin.readline():
    index = open_index(settings)
    assert index.notice is None, index.notice
    assert search(index, "qwen3 8b")[0].id == "qwen/qwen3-8b"
    assert resolve("qwen3-32b", index).model.weights
    assert index.count() > 700
    index.close()
    rounds += 1
    print(rounds, flush=True)
"""


@pytest.mark.slow
def test_readers_see_a_whole_index_while_it_is_replaced(settings: Settings) -> None:
    environ = json.dumps(dict(settings.environ))
    refresh(settings, web(), Noon())
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READ, environ], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    writers = [subprocess.Popen([sys.executable, "-c", REFRESH, "8", environ]) for _ in range(2)]
    rounds = 0
    while any(writer.poll() is None for writer in writers):
        for reader in readers:
            assert reader.stdin is not None
            assert reader.stdout is not None
            reader.stdin.write("\n")
            reader.stdin.flush()
            assert reader.stdout.readline(), "a reader has failed"
            rounds += 1
    for reader in readers:
        reader.communicate()
    assert [process.returncode for process in (*readers, *writers)] == [0] * 5
    assert rounds > 50


@pytest.mark.slow
def test_a_refresh_that_is_killed_leaves_a_working_index(settings: Settings) -> None:
    environ = json.dumps(dict(settings.environ))
    refresh(settings, web(), Noon())
    killed = 0
    for number in range(12):
        writer = subprocess.Popen([sys.executable, "-c", REFRESH, "1", environ])
        try:
            writer.wait(timeout=0.3 + 0.15 * number)
        except subprocess.TimeoutExpired:
            writer.kill()
            writer.wait()
            killed += 1
        index = open_index(settings)
        assert (index.notice, resolve("novel-9b", index).model is not None) == (None, True)
        index.close()
    assert killed
    refresh(settings, web(), Noon())
