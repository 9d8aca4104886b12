from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.catalog.conftest import IndexOf

from modelscan.catalog.index.documents import read_model, write_model
from modelscan.catalog.index.filters import Filters
from modelscan.catalog.index.index import Index, connect
from modelscan.catalog.index.open import open_index
from modelscan.catalog.index.search import search
from modelscan.catalog.index.whole import DamagedIndex
from modelscan.catalog.naming.identity import resolve
from modelscan.catalog.sources.record import SourceRecord
from modelscan.model import Capabilities, Limits, Modalities, Model, Pricing, ProviderOffer, Spec, Weights
from modelscan.parsing.text import clean
from modelscan.settings.reading import Settings, load_settings
from modelscan.storage.documents import from_document


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"MODELSCAN_HOME": str(tmp_path / "home")})


def write(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_model_survives_the_index() -> None:
    model = Model(
        id="a/b",
        name="B",
        aliases=("x",),
        open_weights=False,
        parameters=7_000_000_000,
        capabilities=Capabilities(tool_call=False),
        limits=Limits(context=4096),
        pricing=Pricing(input=0.0, output=1.5),
        providers=(ProviderOffer(id="h", model="m"),),
        weights=(Weights(source="huggingface", repo_id="a/B", official=True),),
        modalities=Modalities(input=("text", "image")),
        specs=(Spec(parameters=("--a=b",), env={"A": "1"}, gpu_filters={"vendor": ["nvidia", "amd"]}),),
        conflicts={"open_weights": [{"value": True, "count": 3}]},
    )
    assert read_model(write_model(model)) == model


def test_every_shipped_model_reads_as_the_general_reader_reads_it(index: Index) -> None:
    for _, document in index.documents():
        assert read_model(document) == from_document(Model, json.loads(document))


def test_the_shipped_index_serves_an_empty_home(settings: Settings) -> None:
    index = open_index(settings)
    assert index.notice is None
    assert index.count() > 1000
    assert [state.name for state in index.sources()] == [
        "gpustack", "known-weights", "models.dev", "models.yaml", "vllm-recipes",
    ]  # fmt: skip
    assert not settings.paths.cache.exists()


@pytest.mark.parametrize("damage", [b"", b"SQLite format 3\0", b"hello" * 1000, None])
def test_a_damaged_index_of_the_user_costs_nothing(
    settings: Settings, shipped_index: Path, damage: bytes | None
) -> None:
    whole = shipped_index.read_bytes()
    path = write(settings.paths.index_file, whole[:-8192] if damage is None else damage)
    index = open_index(settings)
    assert index.notice is not None
    assert index.notice.startswith(f"the catalog index `{path}` is damaged")
    assert index.notice.endswith("the shipped one is used: modelscan catalog refresh")
    assert search(index, "qwen3 coder 30b")
    assert path.exists()


def test_damage_that_shows_in_the_middle_of_a_question(settings: Settings, shipped_index: Path) -> None:
    content = bytearray(shipped_index.read_bytes())
    for offset in range(8192 * 4, len(content), 8192):
        content[offset : offset + 64] = b"\xff" * 64
    write(settings.paths.index_file, bytes(content))
    index = open_index(settings)
    assert search(index, "qwen3 coder 30b")[0].id == "alibaba/qwen3-coder-30b-a3b-instruct"
    assert resolve("deepseek-r1", index).model is not None
    assert index.notice is not None


def test_another_database_is_not_an_index(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE meta (key, value)")
    connection.close()
    with pytest.raises(DamagedIndex, match="not an index of this version"):
        connect(path)


def test_the_users_own_files_lie_over_the_index(settings: Settings) -> None:
    folder = settings.paths.local_models_file.parent
    write(
        settings.paths.local_models_file,
        """
models:
  - {name: me/mine, local_path: ./weights, task: embed, tags: [special]}
  - {name: my-eight, hf_repo_id: Qwen/Qwen3-8B, task: completion, defaults: {temperature: 0.1}}
  - {name: openai/gpt-4o, upstream_base_url: "https://example.invalid/v1", skip_download: true}
""",
    )
    write(settings.paths.catalog_folder / "x.toml", '[[weights]]\nurl = "https://huggingface.co/acme/x-7b"\n')
    index = open_index(settings)
    mine = resolve("me/mine", index).model
    assert mine is not None
    assert (mine.weights[0].repo_id, mine.provenance["task"]) == (str(folder / "weights"), "local")
    assert search(index, "special")[0].id == "me/mine"
    eight = resolve("my-eight", index).model
    assert eight is not None
    assert (eight.id, eight.task, eight.parameters) == ("qwen/qwen3-8b", "completion", 8_200_000_000)
    assert eight.extra["defaults"] == {"temperature": 0.1}
    assert eight == index.get("qwen/qwen3-8b")
    upstream = index.get("openai/gpt-4o")
    assert upstream is not None
    assert upstream.extra["upstream_base_url"] == "https://example.invalid/v1"
    assert upstream.providers
    assert resolve("acme/x-7b", index).model is not None
    assert {state.name: state.records for state in index.sources()}["local"] == 4


def test_a_broken_file_of_the_user_is_said_and_the_rest_serves(settings: Settings) -> None:
    path = write(settings.paths.local_models_file, "models: [")
    index = open_index(settings)
    assert index.notice is not None
    assert index.notice.startswith(f"`{path}`: models.local.yaml: not YAML:")
    assert resolve("qwen3-32b", index).model is not None


def test_records_are_kept_word_for_word(index: Index) -> None:
    entries = {(source, key): entry for source, key, entry in index.records("openai/gpt-4o")}
    assert entries["models.dev", "openai:gpt-4o"]["cost"]["input"] == 2.5


def test_lists_are_filtered(index: Index) -> None:
    listed = list(index.models(Filters(task="rerank", open_only=True)))
    assert listed == sorted(listed, key=lambda model: model.id)
    assert {model.task for model in listed} == {"rerank"}
    assert all(model.open_weights for model in listed)


@given(st.text())
def test_harmful_characters_are_gone(text: str) -> None:
    cleaned = clean(f"a\x1b[31m{text}\u202eb\u2066")
    assert not any(
        ord(char) < 32 or 0x7F <= ord(char) <= 0x9F or char in "\u202e\u2066\u2028\ufeff" for char in cleaned
    )
    assert len(cleaned) <= 2000


def test_nothing_of_a_catalogs_escape_sequences_is_in_the_index(index_of: IndexOf) -> None:
    evil = "Evil\x1b]0;owned\x07\u202e"
    record = SourceRecord(
        source="models.dev",
        key="h:x",
        raw=json.dumps({"name": evil}),
        names=("x",),
        provider="h",
        facts={"name": clean(evil)},
    )
    (model,) = index_of([record]).models()
    assert model.name == "Evil]0;owned"
