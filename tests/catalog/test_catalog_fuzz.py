"""What no catalog should hold, through the whole chain: parser, merge, index, search, what is shown.

Every property: no crash, every entry kept or skipped with a reason, and nothing of a stranger's text that could
move a cursor or turn a line around.
"""

from __future__ import annotations

import functools
import io
import json
import random
import re
import sqlite3
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.catalog import hostile_data
from tests.catalog.conftest import CATALOGS
from tests.catalog.hostile_data import EVIL, PAYLOADS

from modelscan.catalog.index.build import fill
from modelscan.catalog.index.index import Index
from modelscan.catalog.index.search import search
from modelscan.catalog.merging.merge import merge
from modelscan.catalog.merging.tables import Tables
from modelscan.catalog.naming.identity import resolve
from modelscan.catalog.refresh.difference import difference
from modelscan.catalog.refresh.shipped import read_tables_of_ours
from modelscan.catalog.sources.record import Parsed, SourceRecord
from modelscan.catalog.sources.state import SourceState
from modelscan.cli.output.printer import PlainPrinter
from modelscan.cli.views.catalogs import show_difference, show_sources
from modelscan.cli.views.models import show_model, show_models
from modelscan.errors import ModelscanError
from modelscan.model import Model
from modelscan.parsing.problems import NotThisFormat
from modelscan.storage.documents import to_document
from modelscan.system.clock import SystemClock

# Independent of `catalog.text`: by Unicode's own categories, with what a line may hold left out.
HARMFUL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
RANDOM = st.randoms(use_true_random=False)


@functools.cache
def tables_of_ours() -> Tables:
    return read_tables_of_ours(lambda name: (CATALOGS / name).read_text(encoding="utf-8"))


def through(parsed: Parsed) -> Index:
    """The index of what was parsed, with every way of reading it taken."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    count = len(parsed.records)
    state = SourceState(name="models.dev", origin="x", records=count, skipped=parsed.skipped_counts())
    tables = tables_of_ours()
    fill(connection, merge(parsed.records, tables), tables, [state], parsed.attached)
    index = Index(connection, path=None)
    text = io.StringIO()
    printer = PlainPrinter(text)
    models = list(index.models())
    for model in models:
        show_model(printer, model)
        assert index.records(model.id) or model.id
        assert_valid_json(model)
    show_models(printer, models)
    show_sources(printer, index.sources(), SystemClock().now().date())
    for name in {name for record in parsed.records[:5] for name in record.names}:
        show_models(printer, search(index, name))
        assert_finds_or_asks(name, index)
    show_difference(printer, difference(index, index))
    assert not HARMFUL.search(text.getvalue())
    assert max(map(len, text.getvalue().splitlines()), default=0) < 100_000
    return index


def assert_valid_json(model: Model) -> None:
    document = json.dumps(to_document(model), ensure_ascii=False, allow_nan=False)
    document.encode()
    assert not HARMFUL.search(document)


def assert_finds_or_asks(name: str, index: Index) -> None:
    said = ""
    try:
        resolve(name, index)
    except ModelscanError as error:
        said = " ".join([error.message, *error.cause, *error.hints])
    assert not HARMFUL.search(said)


@pytest.mark.parametrize("name", PAYLOADS)
@settings(max_examples=15)
@given(chance=RANDOM)
def test_spoiled_values(name: str, chance: random.Random) -> None:
    document = hostile_data.spoiled(hostile_data.read(name), chance)
    check(name, hostile_data.written(name, document))


@pytest.mark.parametrize("name", PAYLOADS)
@settings(max_examples=15)
@given(chance=RANDOM)
def test_damaged_bytes(name: str, chance: random.Random) -> None:
    check(name, hostile_data.damaged(PAYLOADS[name][0], chance))


def check(name: str, payload: bytes) -> None:
    refused = ""
    try:
        parsed = PAYLOADS[name][1](payload)
    except NotThisFormat as error:
        refused = str(error)
    assert not HARMFUL.search(refused)
    if refused:
        return
    assert not any(HARMFUL.search(f"{key} {reason}") for key, reason in parsed.skipped)
    through(parsed).close()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(EVIL) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def entries_of(keys: Sequence[str]) -> st.SearchStrategy[object]:
    return st.dictionaries(st.sampled_from([*keys, EVIL]), JSON, max_size=6) | JSON


OFFERS = st.dictionaries(
    st.text(max_size=20),
    st.fixed_dictionaries(
        {
            "models": st.dictionaries(
                st.text(max_size=30),
                entries_of(
                    ["id", "name", "cost", "limit", "modalities", "weights", "family", "release_date", "status"]
                ),
                max_size=4,
            )
        }
    )
    | JSON,
    max_size=4,
)


@settings(max_examples=40)
@given(document=OFFERS)
@example(document={"h": {"models": {"x": {"id": "x", "a": float("nan")}, "y": {"limit": {"context": 10**400}}}}})
def test_every_offer_is_kept_or_skipped(document: dict[str, object]) -> None:
    payload = json.dumps(document).encode()
    entries = sum(
        len(entry["models"]) if isinstance(entry, dict) and isinstance(entry.get("models"), dict) else 1
        for entry in json.loads(payload).values()
    )
    try:
        parsed = PAYLOADS["api.json"][1](payload)
    except NotThisFormat:
        return
    assert len(parsed.records) + len(parsed.skipped) == entries
    through(parsed).close()


SETS = st.lists(
    entries_of(["name", "size", "size_unit", "specs", "templates", "sizes", "quantizations", "categories", "capabilities"])
    | st.fixed_dictionaries(
        {"name": st.text(max_size=10), "specs": st.lists(entries_of(["huggingface_repo_id", "env", "backend_parameters"]))},
        optional={"size": JSON, "activated_size": JSON, "size_unit": JSON, "capabilities": JSON, "licenses": JSON},
    ),
    max_size=4,
)  # fmt: skip


@settings(max_examples=30)
@given(sets=SETS)
@example(sets=[{"name": "T", "size": 1e300, "specs": [{"huggingface_repo_id": "a/b"}]}])
def test_every_set_is_kept_or_skipped(sets: list[object]) -> None:
    try:
        parsed = PAYLOADS["gpustack.yaml"][1](hostile_data.written("x.yaml", {"model_sets": sets}))
    except NotThisFormat:
        return
    assert len(parsed.records) + len(parsed.skipped) >= len(sets)  # the old form is several, by size
    through(parsed).close()


LONG = (
    "a-" * 1000,
    "1." * 1000,
    "q4_" * 600,
    "-" * 2000,
    "a" * 2000,
    "1b" * 1000,
    "v1:" * 600,
    "/" * 1000,
    "(" * 2000,
    f"{'9' * 900}b",
    f"x-{'9' * 400}b-a{'9' * 400}b",
)


@pytest.mark.parametrize("text", LONG)
def test_long_names_take_no_long_time(text: str) -> None:
    offer = {"id": text, "name": text, "family": text, "license": text, "release_date": text}
    parsed = PAYLOADS["api.json"][1](json.dumps({"h": {"models": {"x": offer}}}).encode())
    through(parsed).close()


def test_names_that_leave_nothing_to_name_them_by() -> None:
    models = {str(number): {"id": chr(0x4E00 + number)} for number in range(3000)}
    index = through(PAYLOADS["api.json"][1](json.dumps({"h": {"models": models}}).encode()))
    assert index.count() > 0
    index.close()


def test_a_record_of_any_text_reaches_the_terminal_harmless() -> None:
    document = {EVIL: {"id": EVIL, "models": {EVIL: {"id": f"lab/{EVIL}-7b", "name": EVIL, EVIL: {EVIL: [EVIL]}}}}}
    parsed = PAYLOADS["api.json"][1](json.dumps(document).encode())
    (record,) = parsed.records
    assert isinstance(record, SourceRecord)
    through(parsed).close()
