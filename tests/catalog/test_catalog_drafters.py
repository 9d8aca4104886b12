"""Drafters: the shipped table of them, and names that say of which model they are one."""

from __future__ import annotations

import pytest

from modelscan.backends.registry import BACKENDS
from modelscan.catalog.index.index import Index
from modelscan.catalog.naming.drafting import drafted_by_name
from modelscan.catalog.naming.identity import resolve
from modelscan.storage.shipped import shipped_text
from modelscan.weights.reading.drafters import Drafter, drafter_called, read_drafters

TABLE = read_drafters(shipped_text("drafters.csv"))


@pytest.mark.parametrize("drafter", TABLE.values(), ids=TABLE)
def test_each_row_can_be_used(index: Index, drafter: Drafter) -> None:
    """The model can be planned or asked for, and each command be written."""
    found = resolve(drafter.of, index)
    assert found.model or found.passthrough_repo
    assert all(BACKENDS[name].about.drafts for name in drafter.backends)
    assert not any(
        item.repo_id.casefold() == drafter.repo_id.casefold() for item in (found.model.weights if found.model else ())
    )


def test_no_model_of_the_index_is_a_drafter(index: Index) -> None:
    repos = [repo for (repo,) in index.rows("SELECT id FROM models")]
    assert [name for name in repos if drafted_by_name(name, index) or drafter_called(name, TABLE)] == []


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("someone/Qwen3-8B-EAGLE3", "qwen/qwen3-8b"),
        ("yuhuili/EAGLE-LLaMA3-Instruct-70B", "meta-llama/meta-llama-3-70b-instruct"),
        ("lmsys/sglang-EAGLE3-Llama-4-Scout-17B-16E-Instruct-v1", "meta/llama-4-scout-17b-instruct"),
        ("gpt-oss 20b dflash", "openai/gpt-oss-20b"),
        ("Qwen3-14B-speculator.eagle3", "qwen/qwen3-14b"),
    ],
)
def test_a_name_says_of_which_model(index: Index, name: str, model: str) -> None:
    found = drafted_by_name(name, index)
    assert found is not None
    assert found.id == model


@pytest.mark.parametrize(
    "name", ["nvidia/Eagle2.5-8B", "qwen3-8b", "step-3.5-flash", "eagle", "deepseek-v4-flash-dspark"]
)
def test_a_name_that_says_nothing_of_drafting(index: Index, name: str) -> None:
    assert drafted_by_name(name, index) is None
