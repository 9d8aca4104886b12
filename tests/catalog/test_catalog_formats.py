"""Every form that the sources have had, with nothing lost: entries in are records kept and records skipped."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.catalog.conftest import CATALOGS, IndexOf

from modelscan.catalog.refresh.shipped import FACTS
from modelscan.catalog.sources import gpustack, models_dev
from modelscan.catalog.sources.registry import FETCHED
from modelscan.catalog.sources.stated import quantization_word
from modelscan.parsing.problems import NotThisFormat

# One entry of each time, with the fields that came with it (models.dev's schema, 2025-07 to 2026-07).
ENTRIES: dict[str, dict[str, Any]] = {
    "2025-07": {
        "id": "lab/one", "name": "One", "attachment": True, "reasoning": False, "temperature": True, "tool_call": True,
        "knowledge": "2025-01", "release_date": "2025-06-01", "last_updated": "2025-06", "open_weights": False,
        "modalities": {"input": ["text", "image"], "output": ["text"]},
        "cost": {"input": 1, "output": 2.5, "cache_read": 0.1, "cache_write": 1.25}, "limit": {"context": 128000, "output": 8192},
    },
    "2025-12": {
        "id": "two", "family": "two", "status": "beta", "structured_output": True, "interleaved": True,
        "provider": {"npm": "@ai-sdk/openai"}, "cost": {"input": 1, "output": 2, "context_over_200k": {"input": 2}},
        "limit": {"context": 200000, "input": 180000, "output": 64000},
    },
    "2026-07": {
        "id": "~three:free", "interleaved": {"field": "reasoning_details"},
        "reasoning_options": [{"type": "effort", "values": ["low", None]}, {"type": "budget_tokens", "min": 1}, {"type": "toggle"}],
        "experimental": {"modes": {"fast": {"cost": {"input": 5}, "provider": {"body": {"tier": "x"}}}}},
        "cost": {"input": 1, "output": 2, "tiers": [{"input": 2, "tier": {"type": "context", "size": 200000}}]},
    },
}  # fmt: skip
HOST = {"id": "host", "name": "Host", "env": ["KEY"], "npm": "x", "api": "https://host/${REGION}", "doc": "d", "new": 1}


@pytest.mark.parametrize("when", ENTRIES)
def test_every_field_of_an_offer_is_kept(when: str, index_of: IndexOf) -> None:
    entry = ENTRIES[when]
    parsed = models_dev.parse(json.dumps({"host": {**HOST, "models": {entry["id"]: entry}}}))
    (record,) = parsed.records
    assert json.loads(record.raw) == entry
    (model,) = index_of(parsed.records).models()
    unnamed = {"interleaved", "provider", "reasoning_options", "experimental"} & entry.keys()
    assert {name: model.extra[name] for name in unnamed} == {name: entry[name] for name in unnamed}
    assert [(kept.key, json.loads(kept.raw)) for kept in parsed.attached] == [("host:", HOST)]


def test_the_catalog_with_both_in_one() -> None:
    both = {"models": {"lab/one": {"id": "lab/one"}}, "providers": {"host": {"models": {"x": {"id": "x"}}}}}
    assert [(record.key, record.provider) for record in models_dev.parse(json.dumps(both)).records] == [
        ("lab/one", None),
        ("host:x", "host"),
    ]


def test_shipped_facts_are_kept_to_the_last_one() -> None:
    for name, file in FACTS.items():
        entries = [json.loads(line) for line in (CATALOGS / file).read_text(encoding="utf-8").splitlines()]
        parsed = FETCHED[name].parse_entries(map(tuple, entries))
        kept = {record.key: json.loads(record.raw) for record in parsed.records}
        kept |= {entry.key: json.loads(entry.raw) for entry in parsed.attached}
        assert not parsed.skipped
        assert len(kept) == len(entries)
        assert kept == dict(map(tuple, entries)), name


OLD = """
- name: Thing
  order: 3
  sizes: [0.5, 7.0]
  quantizations: [Q4_K_M, f16]
  categories: [llm]
  templates:
  - {source: huggingface, huggingface_repo_id: "lab/Thing-{size}B-GGUF", huggingface_filename: "*{quantization}*.gguf",
     backend: llama-box, replicas: 1, cpu_offloading: true}
  - {quantizations: [GPTQ-Int4], sizes: [7], source: huggingface, huggingface_repo_id: "lab/Thing-{size}B-{quantization}",
     backend: vllm}
- name: Voice
  templates: [{quantizations: [FP16], source: huggingface, huggingface_repo_id: lab/Voice, backend: vox-box}]
- name: Empty
  templates: []
"""


def test_the_old_form_of_gpustack() -> None:
    parsed = gpustack.parse(OLD)
    assert [record.key for record in parsed.records] == [
        "huggingface:Thing 0.5B", "huggingface:Thing 7B", "huggingface:Voice",
    ]  # fmt: skip
    assert parsed.skipped == [("Empty", "a set without a spec that names its weights")]
    seven = parsed.records[1]
    assert [(item.repo_id, item.format, item.quantization) for item in seven.weights] == [
        ("lab/Thing-7B-GGUF", "gguf", "Q4_K_M"),
        ("lab/Thing-7B-GPTQ-Int4", None, "GPTQ"),
    ]
    assert [(spec.backend, spec.quantization, spec.extra) for spec in seven.specs] == [
        ("llama-box", "Q4_K_M", {"huggingface_filename": "*Q4_K_M*.gguf", "replicas": 1, "cpu_offloading": True}),
        ("llama-box", "FP16", {"huggingface_filename": "*f16*.gguf", "replicas": 1, "cpu_offloading": True}),
        ("vllm", "GPTQ", {}),
    ]
    assert (seven.extra, parsed.records[2].specs[0].backend) == ({"order": 3}, "voxbox")


def test_what_a_gpustack_file_says_besides_its_sets() -> None:
    document = {
        ".hidden": {"backend": "vLLM"},
        "draft_models": [{"name": "Eagle", "algorithm": "eagle3", "huggingface_repo_id": "lab/Eagle"}],
        "model_sets": [{"name": "T", "description": "Words.", "icon": "https://x/i.png", "specs": [{"huggingface_repo_id": "a/b"}]}],
    }  # fmt: skip
    parsed = gpustack.parse(yaml.safe_dump(document))
    assert [(entry.key, json.loads(entry.raw)) for entry in parsed.attached] == [
        ("file:huggingface:draft_models", {"value": document["draft_models"]})
    ]
    assert (parsed.records[0].facts["description"], parsed.records[0].facts["icon_url"]) == (
        "Words.",
        "https://x/i.png",
    )


def test_the_order_of_specs_is_the_files() -> None:
    specs = [
        {"mode": mode, "huggingface_repo_id": f"a/{place}"}
        for place, mode in enumerate(["latency", "x", "standard", "x"])
    ]
    (record,) = gpustack.parse(yaml.safe_dump({"model_sets": [{"name": "T", "specs": specs}]})).records
    assert [spec.repo_id for spec in record.specs] == ["a/0", "a/1", "a/2", "a/3"]


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("q4_k_m", "Q4_K_M"), ("UD-Q2_K_XL", "Q2_K_XL"), ("f16", "FP16"), ("F32", "FP32"), ("GPTQ-INT4", "GPTQ"),
        ("GPTQ-Int8", "INT8"), ("awq", "AWQ"), ("W8A8", "INT8"), ("W4A8", "INT4"), ("mxfp4", "MXFP4"), ("", None), (None, None),
        (True, None),
    ],
)  # fmt: skip
def test_quantizations_have_one_spelling(written: object, word: str | None) -> None:
    assert quantization_word(written) == word


SIZES = st.lists(st.sampled_from([0.5, 1, 7.0, 8]), min_size=1, max_size=3, unique=True)
TEMPLATES = st.lists(
    st.fixed_dictionaries(
        {"huggingface_repo_id": st.sampled_from(["a/b-{size}", "a/c-{size}-{quantization}", ""])},
        optional={"sizes": SIZES, "quantizations": st.just(["AWQ", "FP8"])},
    ),
    max_size=3,
)


@given(
    st.lists(
        st.fixed_dictionaries({"name": st.sampled_from(["T", ""]), "sizes": SIZES, "templates": TEMPLATES}),
        min_size=1,
        max_size=4,
    )
)
def test_every_size_of_the_old_form_is_kept_or_skipped(sets: list[dict[str, Any]]) -> None:
    try:
        parsed = gpustack.parse_document({"model_sets": sets})
    except NotThisFormat:
        return
    expected = 0
    for entry in sets:
        sizes = {size for template in entry["templates"] for size in template.get("sizes", entry["sizes"])}
        expected += max(len(sizes), 1) if entry["name"] else 1
    assert len(parsed.records) + len(parsed.skipped) == expected
