from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from modelscan.catalog.sources import vllm_recipes
from modelscan.catalog.sources.vllm_recipes import model_words
from modelscan.parsing.problems import NotThisFormat

RECIPE = yaml.safe_load("""
meta:
  tasks: [text]
  date_updated: 2026-08-01
  hardware: {h200: verified, mi355x: verified, b200: unsupported}
model:
  model_id: acme/Thing-30B-A3B
  min_vllm_version: 0.20.0
  parameter_count: 30.5B
  active_parameters: 3B
  context_length: 262144
  base_args: [--max-model-len, "32768", --enable-prefix-caching]
  base_env: {VLLM_X: 1}
features:
  reasoning: {args: [--reasoning-parser, acme]}
  spec_decoding: {args: [--speculative-config, '{"method": "mtp"}']}
  text_only: {args: [--limit-mm-per-prompt, '{"image": 0}']}
opt_in_features: [spec_decoding, text_only]
variants:
  default: {precision: bf16, vram_minimum_gb: 70}
  fp8: {precision: fp8, model_id: acme/Thing-30B-A3B-FP8, extra_args: [--max-model-len, "65536"]}
  awq: {precision: int4, model_id: other/Thing-30B-A3B-AWQ, min_vllm_version: 0.21.0, supported_hardware: [h200]}
  base: {precision: bf16, model_id: acme/Thing-30B-A3B-Base}
hardware_overrides:
  amd: {extra_args: [--attention-backend, ROCM], extra_env: {VLLM_ROCM: "1"}}
kv_offload_support: {offloading_cpu: verified}
""")


def test_variants_are_weights_and_specs_of_the_recipes_model() -> None:
    main, base = vllm_recipes.parse(RECIPE, "acme/Thing-30B-A3B").records
    assert [(weights.repo_id, weights.quantization, weights.official) for weights in main.weights] == [
        ("acme/Thing-30B-A3B", "BF16", True),
        ("acme/Thing-30B-A3B-FP8", "FP8", True),
        ("other/Thing-30B-A3B-AWQ", "AWQ", None),
    ]
    assert main.facts == {
        "parameters": 30_500_000_000,
        "active_parameters": 3_000_000_000,
        "limits.context": 262144,
        "capabilities.reasoning": True,
    }
    assert main.extra == {"kv_offload_support": {"offloading_cpu": "verified"}}
    fp8 = [spec for spec in main.specs if spec.quantization == "FP8"]
    assert [(spec.mode, spec.gpu_filters, spec.parameters) for spec in fp8] == [
        (
            "standard",
            {"vendor": "amd"},
            ("--max-model-len=65536", "--enable-prefix-caching", "--reasoning-parser=acme", "--attention-backend=ROCM"),
        ),
        ("standard", {}, ("--max-model-len=65536", "--enable-prefix-caching", "--reasoning-parser=acme")),
        (
            "latency",
            {},
            (
                "--max-model-len=65536",
                "--enable-prefix-caching",
                "--reasoning-parser=acme",
                '--speculative-config={"method": "mtp"}',
            ),
        ),
    ]
    assert [spec.env for spec in fp8] == [{"VLLM_X": "1", "VLLM_ROCM": "1"}, {"VLLM_X": "1"}, {"VLLM_X": "1"}]
    awq = next(spec for spec in main.specs if spec.quantization == "AWQ")
    assert (awq.backend, awq.min_backend_version, awq.verified_hardware) == ("vllm", "0.21.0", ("h200",))
    assert main.specs[1].extra == {"vram_minimum_gb": 70}
    assert (base.key, [weights.repo_id for weights in base.weights]) == (
        "acme/Thing-30B-A3B#acme/Thing-30B-A3B-Base",
        ["acme/Thing-30B-A3B-Base"],
    )
    assert base.facts == {}


def test_files_for_npus_are_marked_so() -> None:
    npu = {"precision": "int8", "model_id": "eco/Thing-30B-A3B-w8a8", "extra_args": ["--quantization", "ascend"]}
    parsed = vllm_recipes.parse_entries(
        [("acme/Thing-30B-A3B", {**RECIPE, "variants": {**RECIPE["variants"], "npu": npu}})]
    )
    formats = {item.repo_id: item.format for record in parsed.records for item in record.weights}
    assert {repo for repo, form in formats.items() if form == "msmodelslim"} == {"eco/Thing-30B-A3B-w8a8"}


def test_what_an_index_keeps_gives_the_same_records_again() -> None:
    records = vllm_recipes.parse(RECIPE, "x").records
    again = vllm_recipes.parse_entries((record.key, json.loads(record.raw)) for record in records).records
    assert again == records
    whole = {**json.loads(records[0].raw), "variants": {}}
    assert whole == {**json.loads(json.dumps(RECIPE, default=str)), "variants": {}}
    variants = [set(json.loads(record.raw)["variants"]) for record in records]
    assert variants == [{"default", "fp8", "awq"}, {"base"}]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("acme/Thing-8B", "nvidia/Thing-8B-NVFP4-v2", True),
        ("meta-llama/Llama-3.1-8B-Instruct", "RedHatAI/Meta-Llama-3.1-8B-Instruct-quantized.w8a8", True),
        ("google/gemma-4-12B-it", "google/gemma-4-12B-it-qat-w4a16-ct", True),
        ("openai/gpt-oss-120b", "amd/gpt-oss-120b-w-mxfp4-a-fp8", True),
        ("nvidia/Nemotron-9B-BF16", "nvidia/Nemotron-9B-NVFP4-QAD", True),
        ("deepseek-ai/DeepSeek-R1", "deepseek-ai/DeepSeek-R1-0528", False),
        ("Qwen/Qwen3-235B-A22B-Instruct-2507", "Qwen/Qwen3-235B-A22B-FP8", False),
        ("acme/Thing-8B", "acme/Thing-4B", False),
        ("acme/Thing-8B", "acme/Thing-8B-Base", False),
        ("acme/Thing-9B-v2", "acme/Thing-9B-v2-Japanese", False),
        ("acme/Thing-VL-8B", "acme/Thing-8B", False),
        ("acme/Thing-8B", "acme/Thing-8B-Turbo", False),
    ],
)
def test_a_variant_of_another_model_is_no_weights_of_this_one(one: str, other: str, same: bool) -> None:
    assert (model_words(one) == model_words(other)) is same


@pytest.mark.parametrize(
    ("tasks", "omni", "repo", "task"),
    [
        (["embedding"], None, "jinaai/jina-reranker-m0", "rerank"),
        (["embedding"], None, "acme/embed", "embed"),
        (["omni"], {"tasks": ["t2i"]}, "acme/paint", "text-to-image"),
        (["omni"], {"tasks": [{"id": "i2v"}]}, "acme/film", "text-to-video"),
        (["text"], None, "acme/chat", None),
    ],
)
def test_tasks(tasks: list[str], omni: Any, repo: str, task: str | None) -> None:
    recipe = {"meta": {"tasks": tasks}, "model": {"model_id": repo}, "omni": omni}
    assert vllm_recipes.parse(recipe, repo).records[0].facts.get("task") == task


def read(path: str) -> bytes:
    return Path(path).read_bytes()


def test_a_folder_of_recipes(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "acme"
    folder.mkdir(parents=True)
    (tmp_path / "taxonomy.yaml").write_text("hardware_profiles: {h200: {vram_gb: 1128}}")
    (folder / "Thing.yaml").write_text(yaml.safe_dump(RECIPE))
    (folder / "Broken.yaml").write_text("a: [b")
    (folder / "Nameless.yaml").write_text("model: {}")
    (folder / "List.yaml").write_text("[]")
    parsed = vllm_recipes.fetch([str(tmp_path)], read, lambda _: ())
    assert vllm_recipes.count(parsed) == 1
    assert {key: reason.split(":")[0] for key, reason in parsed.skipped} == {
        "acme/Broken": "not YAML",
        "acme/Nameless": "the recipe names no repo as `model.model_id`",
        "acme/List": "the recipe is not a mapping of a modest size",
    }
    assert [(entry.key, json.loads(entry.raw)) for entry in parsed.attached] == [
        ("taxonomy", {"hardware_profiles": {"h200": {"vram_gb": 1128}}})
    ]


def test_a_static_tree_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    (tmp_path / "models.json").write_text('[{"json": "/acme/Thing.json"}, {"json": "/../../etc/passwd"}]')
    (tmp_path / "acme" / "Thing.json").write_text(json.dumps(RECIPE, default=str))
    for address in (str(tmp_path), f"{tmp_path}/models.json"):
        assert vllm_recipes.count(vllm_recipes.fetch([address], read, lambda _: ())) == 1


@pytest.mark.parametrize("payload", ["<html>", "{}", "[]", "[1]", '[{"json": "http://other.invalid/x"}]'])
def test_something_else_is_refused(tmp_path: Path, payload: str) -> None:
    (tmp_path / "models.json").write_text(payload)
    with pytest.raises(NotThisFormat):
        vllm_recipes.fetch([str(tmp_path)], read, lambda _: ())


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


def places(value: Any) -> list[tuple[Any, ...]]:
    if not isinstance(value, dict):
        return [()]
    return [(), *((key, *rest) for key, item in value.items() for rest in places(item))]


@given(st.sampled_from(places(RECIPE)), JSON)
def test_a_mutated_recipe_is_kept_or_skipped(place: tuple[Any, ...], value: Any) -> None:
    parsed = vllm_recipes.parse(replaced(RECIPE, place, value), "acme/x")
    assert vllm_recipes.count(parsed) + len(parsed.skipped) == 1
    again = vllm_recipes.parse_entries((record.key, json.loads(record.raw)) for record in parsed.records)
    assert [record.key for record in again.records] == [record.key for record in parsed.records]


def replaced(tree: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    return {**tree, place[0]: replaced(tree[place[0]], place[1:], value)}
