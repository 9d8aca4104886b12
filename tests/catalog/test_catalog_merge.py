from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.catalog.merging.merge import merge
from modelscan.catalog.merging.tables import Tables
from modelscan.catalog.sources import models_dev
from modelscan.catalog.sources.record import SourceRecord
from modelscan.model import Model, Weights


def weights(repo: str, *, model_id: str | None = None, **facts: Any) -> SourceRecord:
    return SourceRecord(
        source="known-weights",
        key=repo,
        raw="{}",
        names=(repo,),
        model_id=model_id or repo.lower(),
        weights=(Weights(source="huggingface", repo_id=repo, official=True),),
        facts=facts,
    )


def offers(*named: str, **fields: Any) -> list[SourceRecord]:
    """One host's offer for each `host:id`."""
    document: dict[str, Any] = {}
    for name in named:
        host, _, model_id = name.partition(":")
        document.setdefault(host, {"models": {}})["models"][model_id] = {"id": model_id, **fields}
    return models_dev.parse(json.dumps(document)).records


def merged(tables: Tables, *records: SourceRecord) -> dict[str, Model]:
    return {item.model.id: item.model for item in merge(records, tables)}


REPOS = [
    "Qwen/Qwen3-32B", "Qwen/Qwen3-VL-32B-Instruct", "deepseek-ai/DeepSeek-R1", "deepseek-ai/DeepSeek-R1-0528",
    "deepseek-ai/DeepSeek-R1-Distill-Llama-70B", "openai/whisper-large-v3", "openai/whisper-large-v3-turbo",
    "Qwen/Qwen3-30B-A3B", "Qwen/Qwen3-30B-A3B-Instruct-2507", "Qwen/Qwen2.5-7B-Instruct",
    "meta-llama/Llama-3.3-70B-Instruct", "meta-llama/Meta-Llama-3-70B-Instruct", "zai-org/GLM-4.5", "zai-org/GLM-4.5V",
    "Qwen/Qwen3-Coder-30B-A3B-Instruct",
]  # fmt: skip


@pytest.mark.parametrize(
    ("offer", "repo"),
    [
        ("h:qwen-3-32b", "Qwen/Qwen3-32B"),
        ("h:qwen/qwen3-32b-fp8", "Qwen/Qwen3-32B"),
        ("h:qwen/qwen3-vl-32b-instruct:free", "Qwen/Qwen3-VL-32B-Instruct"),
        ("h:us.deepseek.r1-v1:0", "deepseek-ai/DeepSeek-R1"),
        ("h:deepseek-ai/deepseek-r1-0528-maas", "deepseek-ai/DeepSeek-R1-0528"),
        ("h:@cf/deepseek-ai/deepseek-r1-distill-llama-70b", "deepseek-ai/DeepSeek-R1-Distill-Llama-70B"),
        ("h:whisper-large-v3-turbo", "openai/whisper-large-v3-turbo"),
        ("h:qwen3-30b-a3b-instruct", "Qwen/Qwen3-30B-A3B-Instruct-2507"),
        ("h:qwen3-30b-a3b", "Qwen/Qwen3-30B-A3B"),
        ("h:meta/llama-3.3-70b-instruct-maas", "meta-llama/Llama-3.3-70B-Instruct"),
        ("h:llama3-70b", "meta-llama/Meta-Llama-3-70B-Instruct"),
        ("h:z-ai-glm-4.5", "zai-org/GLM-4.5"),
        ("h:qwen3-coder:30b", "Qwen/Qwen3-Coder-30B-A3B-Instruct"),
    ],
)
def test_an_offer_finds_its_weights(tables: Tables, offer: str, repo: str) -> None:
    models = merged(tables, *(weights(name) for name in REPOS), *offers(offer))
    assert len(models) == len(REPOS)
    assert [model.id for model in models.values() if model.providers] == [repo.lower()]


@pytest.mark.parametrize(
    "offer",
    [
        "h:whisper-large-v3-turbo-latest",
        "h:deepseek-r1-turbo",
        "h:deepseek-r1-zero",
        "h:qwen3-32b-preview",
        "h:qwen3-30b",
        "h:glm-4.5-flash",
        "h:glm-5-turbo",
        "h:meta/llama-3.1-70b-instruct",
        "h:qwen3-embedding",
        "h:nvidia/qwen3-32b",
    ],
)
def test_an_offer_that_may_be_another_model_stays_its_own(tables: Tables, offer: str) -> None:
    models = merged(tables, *(weights(name) for name in REPOS), *offers(offer))
    assert len(models) == len(REPOS) + 1
    assert not any(model.providers for model in models.values() if model.weights)


def test_quantized_repos_join_their_model_and_best_comes_first(tables: Tables) -> None:
    fp8 = weights("Qwen/Qwen3-32B-FP8")
    (model,) = merged(tables, fp8, weights("Qwen/Qwen3-32B", model_id="alibaba/qwen3-32b")).values()
    assert [(item.repo_id, item.quantization) for item in model.weights] == [
        ("Qwen/Qwen3-32B", None),
        ("Qwen/Qwen3-32B-FP8", "FP8"),
    ]


def test_base_weights_answer_to_their_repo_only(tables: Tables) -> None:
    base = weights("Qwen/Qwen2.5-7B", task="completion")
    models = merged(tables, base, weights("Qwen/Qwen2.5-7B-Instruct"), *offers("h:qwen2.5-7b", "i:Qwen/Qwen2.5-7B"))
    assert [offer.id for offer in models["qwen/qwen2.5-7b-instruct"].providers] == ["h"]
    assert [offer.id for offer in models["qwen/qwen2.5-7b"].providers] == ["i"]


def test_limits_are_medians_and_disagreement_is_kept(tables: Tables) -> None:
    hosts = [
        record
        for host, context in (("a", 32768), ("b", 131072), ("c", 1_000_000), ("d", 0))
        for record in offers(f"{host}:qwen3-32b", limit={"context": context, "output": 8192}, open_weights=host != "a")
    ]
    (model,) = merged(tables, weights("Qwen/Qwen3-32B"), *hosts).values()
    assert model.limits.context == 131072
    assert model.provenance["limits.context"] == "models.dev (median of 3)"
    assert [item["value"] for item in model.conflicts["limits.context"]] == [32768, 131072, 1_000_000]
    assert model.open_weights is True
    assert model.conflicts["open_weights"] == [
        {"value": True, "count": 3, "sources": ["models.dev"]},
        {"value": False, "count": 1, "sources": ["models.dev"]},
    ]


def test_the_owners_own_price_counts_before_the_hosts(tables: Tables) -> None:
    own = offers("openai:gpt-4o", cost={"input": 2.5, "output": 10})
    other = offers("a:gpt-4o", "b:openai/gpt-4o", cost={"input": 9, "output": 90})
    (model,) = merged(tables, *other, *own).values()
    assert (model.id, model.pricing.input, model.provenance["pricing"]) == ("openai/gpt-4o", 2.5, "models.dev (openai)")
    assert [offer.id for offer in model.providers] == ["openai", "a", "b"]


@pytest.mark.parametrize(
    ("deprecated", "others", "status"),
    [(("a:qwen3-32b",), ("b:qwen3-32b",), None), (("a:qwen3-32b",), (), "deprecated"),
     (("alibaba:qwen3-32b",), ("b:qwen3-32b", "c:qwen3-32b"), "deprecated")],
)  # fmt: skip
def test_a_model_ends_when_its_lab_or_most_hosts_say_so(
    tables: Tables, deprecated: tuple[str, ...], others: tuple[str, ...], status: str | None
) -> None:
    said = (*offers(*deprecated, status="deprecated"), *(offers(*others) if others else ()))
    assert merged(tables, weights("Qwen/Qwen3-32B"), *said)["qwen/qwen3-32b"].status == status


def test_the_median_price_where_the_owner_offers_none(tables: Tables) -> None:
    hosts = [
        record
        for host, price in (("a", 1), ("b", 2), ("c", 9))
        for record in offers(f"{host}:qwen3-32b", cost={"input": price, "output": price})
    ]
    (model,) = merged(tables, weights("Qwen/Qwen3-32B"), *hosts).values()
    assert (model.pricing.output, model.provenance["pricing"]) == (2, "models.dev (median of 3)")


def test_closed_models_say_so_and_name_open_ones(tables: Tables) -> None:
    models = merged(tables, weights("openai/gpt-oss-120b"), *offers("h:gpt-4.1", open_weights=True))
    assert models["openai/gpt-4.1"].open_weights is False
    assert models["openai/gpt-4.1"].open_alternatives == ("openai/gpt-oss-120b",)


def test_hosts_saying_closed_prove_nothing_for_a_lab_that_publishes(tables: Tables) -> None:
    models = merged(tables, *offers("h:qwen3-something", open_weights=False))
    assert models["alibaba/qwen3-something"].open_weights is None


NAMES = st.sampled_from(
    ["qwen3-32b", "gpt-4o", "Qwen/Qwen3-32B", "x", "a/b", "deepseek-r1:70b", "glm-4.5-air", "llama"]
)


@given(st.lists(st.tuples(st.sampled_from("abc"), NAMES), unique=True, min_size=1, max_size=12))
def test_no_record_is_lost_and_ids_are_unique(tables: Tables, named: list[tuple[str, str]]) -> None:
    records = [weights("Qwen/Qwen3-32B"), *offers(*(f"{host}:{name}" for host, name in named))]
    result = merge(records, tables)
    assert sum(len(item.records) for item in result) == len(records)
    assert len({item.model.id for item in result}) == len(result)
