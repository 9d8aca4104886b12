from __future__ import annotations

import csv
import json
import os
import re
import shutil
import sys
import zipfile
from pathlib import Path

import pytest
from tests.catalog.conftest import CATALOGS

from modelscan.catalog.index.index import Index
from modelscan.catalog.merging.tables import Tables
from modelscan.catalog.sources import known_weights, model_list
from modelscan.settings.environment import process_environment
from modelscan.system.processes.run import run

ROOT = CATALOGS.parent
KNOWN_TO_WORK = [
    "BAAI/bge-m3", "google/embeddinggemma-300m", "Qwen/Qwen3-Embedding-0.6B", "Qwen/Qwen3-Embedding-4B",
    "Qwen/Qwen3-4B-Instruct-2507", "Qwen/Qwen3-4B-Instruct-2507-FP8", "meta-llama/Llama-3.2-1B-Instruct",
    "meta-llama/Llama-3.2-3B-Instruct", "deepseek-ai/deepseek-coder-6.7b-instruct", "Qwen/Qwen3-VL-2B-Instruct",
    "Qwen/Qwen3-VL-2B-Instruct-FP8", "Qwen/Qwen3-VL-4B-Instruct", "Qwen/Qwen3-VL-4B-Instruct-FP8",
    "openai/whisper-tiny", "openai/whisper-tiny.en", "openai/whisper-small", "openai/whisper-small.en",
    "openai/whisper-medium", "openai/whisper-medium.en", "openai/whisper-large-v2", "jethrowang/whisper-tiny-chinese",
    "Ivydata/whisper-small-japanese", "BELLE-2/Belle-whisper-large-v3-zh",
]  # fmt: skip


def test_the_models_known_to_work_are_listed() -> None:
    parsed = model_list.parse((CATALOGS / "models.yaml").read_text(), source="models.yaml")
    assert not parsed.skipped
    repos = {weights.repo_id for record in parsed.records for weights in record.weights}
    assert repos >= set(KNOWN_TO_WORK)
    assert all(record.facts.get("task") for record in parsed.records)


def test_every_row_of_known_weights_is_whole() -> None:
    texts = [
        (CATALOGS / name).read_text() for name in ("known_weights.csv", "quantized_weights.csv", "gguf_weights.csv")
    ]
    records = known_weights.parse(*texts).records
    forms = [row["repo"] for text in texts[1:] for row in csv.DictReader(text.splitlines())]
    assert all(row["source"] and row["license"] for row in csv.DictReader(texts[2].splitlines()))
    assert sorted(forms) == sorted(item.repo_id for record in records for item in record.weights if not item.official)
    assert len({record.key.casefold() for record in records}) == len(records)
    assert len({record.model_id for record in records}) == len(records)
    for record in records:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", record.key), record.key
        assert re.fullmatch(r"[a-z0-9._-]+/[a-z0-9._-]+", record.model_id or ""), record.model_id
        assert json.loads(record.raw)["evidence"], record.key


def test_every_open_alternative_is_a_model_of_ours(index: Index, tables: Tables) -> None:
    for entry in tables.alternatives:
        for repo in entry.repos:
            assert index.named(repo.casefold()), repo


def test_closed_chat_models_always_have_alternatives(index: Index) -> None:
    closed = [model for model in index.models() if model.open_weights is False and model.task == "chat"]
    assert len(closed) > 100
    assert not [model.id for model in closed if not model.open_alternatives]


def test_ids_are_lower_case_lab_and_name(index: Index) -> None:
    wrong = [
        model.id
        for model in index.models()
        if model.id != model.id.lower() or model.id.count("/") != 1 or " " in model.id
    ]
    assert wrong == []


def test_the_sources_say_where_they_are_from(index: Index) -> None:
    origins = json.loads((CATALOGS / "sources.json").read_text())
    for state in index.sources():
        assert state.license, state.name
        assert state.records, state.name
        assert not state.skipped, state.name
        if state.name in origins:
            assert (state.records, state.date) == (origins[state.name]["records"], origins[state.name]["date"])


def test_no_descriptions_are_copied() -> None:
    for name in ("gpustack.jsonl", "models_dev.jsonl"):
        assert '"description"' not in (CATALOGS / name).read_text()


@pytest.mark.slow
def test_the_index_is_small_and_made_the_same_every_time(shipped_index: Path, tmp_path: Path) -> None:
    assert shipped_index.stat().st_size < 14 * 1024**2
    script = (
        "import sys; from pathlib import Path; from modelscan.catalog.refresh.shipped_index import build_shipped_index;"
        f" build_shipped_index(Path({str(CATALOGS)!r}), Path({str(tmp_path)!r}));"
        " print(sorted({'pydantic', 'httpx', 'platformdirs'} & set(sys.modules)))"
    )
    done = run(
        [sys.executable, "-c", script], env={"PYTHONPATH": str(ROOT / "src"), "PYTHONHASHSEED": "7"}, timeout=120
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
    assert (tmp_path / shipped_index.name).read_bytes() == shipped_index.read_bytes()


def test_tables_are_sorted_and_whole() -> None:
    rows = list(csv.DictReader((CATALOGS / "labs.csv").read_text().splitlines()))
    assert [row["lab"] for row in rows] == sorted(row["lab"] for row in rows)
    assert all(row["organizations"] for row in rows)


@pytest.mark.slow
def test_a_wheel_carries_the_index_and_not_the_facts(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    # Nothing that is made beside the sources: other tests make it just now, and it comes and goes.
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "*.sqlite", "__pycache__"))
    uv = shutil.which("uv") or str(Path(sys.executable).parent / "uv")
    environment = process_environment() | {"PATH": os.defpath}
    done = run([uv, "build", "--wheel", "--out-dir", str(tmp_path / "dist"), str(copy)], env=environment, timeout=300)
    assert done.ok, done.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.startswith("modelscan/catalogs/")]
    assert "modelscan/catalogs/index-v6.sqlite" in names
    assert "modelscan/catalogs/models.yaml" in names
    assert not [name for name in names if name.endswith(".jsonl")]
