"""What shipped shapes say of the models in the index: their own context, and the size of their files."""

from __future__ import annotations

import json

import pytest

from modelscan.catalog.index.index import Index
from modelscan.catalog.index.search import search
from modelscan.catalog.refresh.shapes import SHAPES, Shapes
from modelscan.model import HUB_SOURCES, Model, Weights
from modelscan.storage.shipped import shipped_text
from modelscan.units import GIB

SHIPPED = json.loads(shipped_text("architectures.json"))["models"]


def test_the_context_is_the_models_own_and_the_hosts_is_kept_as_theirs(index: Index) -> None:
    model = index.get("alibaba/qwen3-32b")
    assert model is not None
    assert model.native_context == 40_960
    assert model.limits.context == 128_000
    assert model.provenance["limits.context"].startswith("models.dev (median of ")


def test_a_hit_has_what_a_list_shows(index: Index) -> None:
    first = search(index, "qwen3 32b", limit=1)[0]
    assert (first.context, first.native_context) == (128_000, 40_960)
    assert first.least_bytes is not None
    assert first.most_bytes is not None
    assert (round(first.least_bytes / GIB), round(first.most_bytes / GIB)) == (18, 61)


def test_sixteen_bit_files_take_two_bytes_a_parameter(index: Index) -> None:
    compared = 0
    for repo, facts in SHIPPED.items():
        if "arithmetic" not in facts["verified"] or facts.get("torch_dtype") != "bfloat16" or "task" in facts:
            continue
        for named in index.named(repo.casefold()):
            model = index.get(named.model)
            assert model is not None
            for weights in model.weights:
                if weights.repo_id == repo and weights.estimated_bytes and model.task == "chat":
                    assert weights.estimated_bytes == pytest.approx(2 * facts["total_parameters"], rel=0.05), repo
                    compared += 1
    assert compared > 50


def test_a_size_that_a_source_states_is_not_estimated(index: Index) -> None:
    for model in index.models():
        assert not [weights for weights in model.weights if weights.size_bytes and weights.estimated_bytes]
        assert model.weights or (model.native_context is None and model.disk_range == (None, None))


def test_what_the_shipped_index_keeps_is_what_would_be_computed(index: Index) -> None:
    kept, computed = Shapes(shipped_text, index.raw_entries(SHAPES)), Shapes(shipped_text)
    models = [model for model in index.models() if any(one.source in HUB_SOURCES for one in model.weights)]
    assert len(models) > 1000
    assert [kept(model) for model in models] == [computed(model) for model in models]
    assert not list(kept.attached())  # nothing was left to compute


def test_nothing_is_made_up_where_nothing_is_known() -> None:
    nothing = Shapes({"architectures.json": "{}", "families.toml": shipped_text("families.toml")}.__getitem__)
    unknown = Model(id="a/b", name="b", weights=(Weights(source="huggingface", repo_id="a/b"),))
    assert nothing(unknown) == (None, (None,))


@pytest.mark.parametrize("query", ["long context 100k tokens 32b", "context window 128k qwen3 32b"])
def test_a_search_for_a_context_asks_the_models_own(index: Index, query: str) -> None:
    assert "alibaba/qwen3-32b" not in {hit.id for hit in search(index, query)}
