"""An index of the shipped facts, built once, and small ones made of records."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from modelscan.catalog.index.build import fill
from modelscan.catalog.index.index import Index, connect
from modelscan.catalog.merging.merge import merge
from modelscan.catalog.merging.tables import Tables
from modelscan.catalog.refresh.shipped import read_tables_of_ours
from modelscan.catalog.refresh.shipped_index import build_shipped_index
from modelscan.catalog.sources.record import SourceRecord

CATALOGS = Path(__file__).resolve().parents[2] / "catalogs"
IndexOf = Callable[[Sequence[SourceRecord]], Index]


@pytest.fixture(scope="session")
def shipped_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_shipped_index(CATALOGS, tmp_path_factory.mktemp("index"))


@pytest.fixture
def index(shipped_index: Path) -> Iterator[Index]:
    opened = Index(connect(shipped_index, trusted=True), path=None)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def tables() -> Tables:
    return read_tables_of_ours(lambda name: (CATALOGS / name).read_text(encoding="utf-8"))


@pytest.fixture
def index_of(tables: Tables) -> Iterator[IndexOf]:
    opened: list[Index] = []

    def make(records: Sequence[SourceRecord]) -> Index:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        fill(connection, merge(records, tables), tables, [])
        opened.append(Index(connection, path=None))
        return opened[-1]

    yield make
    for one in opened:
        one.close()
