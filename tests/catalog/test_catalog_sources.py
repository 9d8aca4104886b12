from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.catalog.sources import gpustack, local_files, model_list, models_dev
from modelscan.model import Pricing, Weights
from modelscan.parsing.problems import NotThisFormat
from modelscan.parsing.yaml_text import load


def api(**models: Any) -> bytes:
    return json.dumps({"host": {"id": "host", "name": "Host", "models": models}}).encode()


def test_an_offer_is_read_and_what_has_no_name_is_kept() -> None:
    entry = {
        "id": "lab/thing",
        "name": "Thing\u202e\x1b[31m",
        "cost": {"input": 1, "output": 2.5, "tiers": [{"input": 2}]},
        "limit": {"context": 131072, "output": 8192},
        "release_date": "2025-07",
        "reasoning_options": [{"type": "toggle\x1b\u202e"}],
    }
    (record,) = models_dev.parse(api(**{"lab/thing": entry})).records
    assert (record.key, record.provider, record.facts["name"]) == ("host:lab/thing", "host", "Thing[31m")
    assert record.offer is not None
    assert record.offer.pricing == Pricing(input=1, output=2.5)
    assert record.facts["limits.context"] == 131072
    assert record.facts["release_date"] == "2025-07"
    assert record.extra == {"reasoning_options": [{"type": "toggle"}]}
    assert json.loads(record.raw) == entry
    assert record.raw.isascii()


@pytest.mark.parametrize(
    ("entry", "unknown"),
    [
        ({"limit": {"context": 0, "output": 0}}, "limits.context"),
        ({"limit": {"context": 99_999_999}}, "limits.context"),
        ({"limit": {"context": 448}}, "limits.context"),
        ({"limit": {"context": "many"}}, "limits.context"),
        ({"limit": {"context": float("nan")}}, "limits.context"),
        ({"release_date": "2025-25-11"}, "release_date"),
        ({"release_date": "1970-01-01"}, "release_date"),
        ({"family": 7.5, "reasoning": "yes"}, "capabilities.reasoning"),
    ],
)
def test_placeholders_and_nonsense_are_unknown(entry: dict[str, Any], unknown: str) -> None:
    (record,) = models_dev.parse(api(x={"id": "x", **entry})).records
    assert unknown not in record.facts


def test_free_or_unknown_prices_are_unknown() -> None:
    (record,) = models_dev.parse(api(x={"id": "x", "cost": {"input": 0, "output": 0}})).records
    assert record.offer is not None
    assert record.offer.pricing == Pricing()


def test_a_bad_entry_costs_only_itself() -> None:
    parsed = models_dev.parse(json.dumps({"a": {"models": {"x": {"id": "x"}, "y": 3}}, "b": "no"}))
    assert [record.key for record in parsed.records] == ["a:x"]
    assert [tuple(entry) for entry in parsed.skipped] == [
        ("a:y", "the entry is not an object"),
        ("b", "neither a provider with models nor a model"),
    ]


def test_canonical_models_name_their_weights() -> None:
    entry = {"weights": [{"url": "https://huggingface.co/Lab/Thing-7B", "quantization": "fp8"}, {"url": "ftp://x/y"}]}
    (record,) = models_dev.parse(json.dumps({"Lab/Thing": entry})).records
    assert record.model_id == "lab/thing"
    assert record.weights == (Weights(source="huggingface", repo_id="Lab/Thing-7B", quantization="FP8", official=True),)


@pytest.mark.parametrize("payload", [b"<html>busy</html>", b"[]", b"{}", b'{"a": 1}', b"[" * 100_000, b"\xff\xfe"])
def test_something_else_is_refused(payload: bytes) -> None:
    with pytest.raises(NotThisFormat):
        models_dev.parse(payload)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
FIELDS = st.sampled_from([
    "id", "name", "cost", "limit", "modalities", "release_date", "weights", "open_weights", "size", "specs",
    "backend_parameters", "env", "gpu_filters", "huggingface_repo_id", "categories", "capabilities", "templates",
])  # fmt: skip


@given(st.dictionaries(st.text(max_size=5), JSON | st.dictionaries(FIELDS, JSON, max_size=6), min_size=1, max_size=4))
def test_models_dev_accounts_for_every_entry(models: dict[str, Any]) -> None:
    try:
        parsed = models_dev.parse(json.dumps({"host": {"models": models}}))
    except NotThisFormat:
        return
    assert len(parsed.records) + len(parsed.skipped) == len(models)


@given(st.lists(JSON | st.dictionaries(FIELDS, JSON, max_size=8), max_size=4))
def test_gpustack_never_fails_on_shapes(sets: list[Any]) -> None:
    try:
        gpustack.parse_document({"model_sets": sets})
    except NotThisFormat:
        return


NEW_FORM = """
.version: &version "0.20"
.base: &base
  backend: vLLM
  backend_version: *version
draft_models: []
model_sets:
- name: Thing-8B
  description: words
  size: 8
  categories: [llm]
  capabilities: [context/128K, tools, vision]
  licenses: [mit]
  release_date: 2025-04-19
  vintage: good
  specs:
  - {mode: throughput, quantization: fp8, source: huggingface, huggingface_repo_id: Lab/Thing-8B-FP8, <<: *base,
     gpu_filters: {vendor: [nvidia, amd]}, backend_parameters: ['--x={"a b": {data_dir}}', 3], env: {A: "1"}}
  - {mode: standard, quantization: BF16, source: huggingface, huggingface_repo_id: Lab/Thing-8B, backend: SGLang}
- name: Broken
  specs: [{mode: standard}]
- 7
"""


def test_gpustack_sets_with_anchors_merges_and_order() -> None:
    parsed = gpustack.parse(NEW_FORM)
    (record,) = parsed.records
    assert [(spec.mode, spec.backend, spec.backend_version, spec.quantization) for spec in record.specs] == [
        ("throughput", "vllm", "0.20", "FP8"),
        ("standard", "sglang", None, "BF16"),
    ]
    assert record.specs[0].parameters == ('--x={"a b": {data_dir}}',)
    assert record.specs[0].gpu_filters == {"vendor": ["nvidia", "amd"]}
    assert record.facts["parameters"] == 8_000_000_000
    assert record.facts["limits.context"] == 131072
    assert record.facts["release_date"] == "2025-04-19"
    assert record.extra == {"vintage": "good"}
    assert [(item.reason, item.count) for item in parsed.skipped_counts()] == [
        ("a set without a spec that names its weights", 1),
        ("a set without a name", 1),
    ]


OLD_FORM = """
- name: Old
  categories: [llm]
  sizes: [0.5, 7.0]
  templates:
  - quantizations: [BF16]
    source: huggingface
    huggingface_repo_id: Lab/Old-{size}B
    backend: vllm
    backend_parameters: ['--json={"k": 1}', '--s={size}']
  - quantizations: [AWQ, GPTQ-Int4]
    sizes: [7]
    source: huggingface
    huggingface_repo_id: Lab/Old-{size}B-{quantization}
"""


def test_gpustack_old_form_is_multiplied_out() -> None:
    parsed = gpustack.parse(OLD_FORM)
    assert [(record.names[0], [weights.repo_id for weights in record.weights]) for record in parsed.records] == [
        ("Old 0.5B", ["Lab/Old-0.5B"]),
        ("Old 7B", ["Lab/Old-7B", "Lab/Old-7B-AWQ", "Lab/Old-7B-GPTQ-Int4"]),
    ]
    assert parsed.records[1].specs[0].parameters == ('--json={"k": 1}', "--s=7")
    again = gpustack.parse_entries((record.key, json.loads(record.raw)) for record in parsed.records)
    assert [record.names for record in again.records] == [record.names for record in parsed.records]


def test_a_yaml_bomb_costs_its_set_only() -> None:
    bomb = "\n".join([".a: &a [x, x, x, x, x, x, x, x, x, x]"] + [
        f".{new}: &{new} [*{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}]"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    ])  # fmt: skip
    parsed = gpustack.parse(
        bomb
        + "\nmodel_sets:\n- {name: bomb, specs: *i}\n"
        + NEW_FORM.split("model_sets:\n")[1].replace("<<: *base,", "")
    )
    assert [record.names[0] for record in parsed.records] == ["Thing-8B"]
    assert parsed.skipped[0] == ("bomb", "the set is too large or nested too deep")


def test_the_users_list(tmp_path: Path) -> None:
    file = tmp_path / "models.local.yaml"
    file.write_text("""
models:
  - {name: me/Mine, local_path: weights, pooling: cls, supports_structured_outputs: true, aliases: mine}
  - {hf_repo_id: Qwen/Qwen3-8B, defaults: {temperature: 0.1}}
  - {task: chat}
""")
    parsed = local_files.parse_file(file)
    assert [(record.names, record.model_id) for record in parsed.records] == [
        (("me/Mine", "mine"), "me/mine"),
        (("Qwen/Qwen3-8B",), "qwen/qwen3-8b"),
    ]
    assert parsed.records[0].weights[0].repo_id == str(tmp_path / "weights")
    assert parsed.records[0].extra == {"pooling": "cls"}
    assert parsed.skipped == [("entry 3", "the entry has neither `name` nor `hf_repo_id`")]


@pytest.mark.parametrize("content", ["", "# nothing yet\n", "models:\n", "models: []\n"])
def test_a_list_with_nothing_in_it_yet_is_no_fault(tmp_path: Path, content: str) -> None:
    file = tmp_path / "models.local.yaml"
    file.write_text(content)
    parsed = local_files.parse_file(file)
    assert (parsed.records, parsed.skipped) == ([], [])


def test_the_users_list_is_never_taken_for_another_form(tmp_path: Path) -> None:
    file = tmp_path / "models.local.yaml"
    file.write_text("- {name: me/mine, hf_repo_id: me/mine}\n")
    assert local_files.parse_file(file).skipped == [("models.local.yaml", "there is no list under `models:`")]


@pytest.mark.parametrize(
    "repo", ["--host=0.0.0.0", "../../etc/passwd", "/etc", "me/x y", "me/x/y", "me/\x1b[31m", "[a, b]"]
)
def test_what_is_no_repo_is_never_weights(tmp_path: Path, repo: str) -> None:
    """A repo becomes an argument of the backend: an option or a path in its place must not."""
    file = tmp_path / "models.local.yaml"
    file.write_text(json.dumps({"models": [{"name": "me/mine", "hf_repo_id": repo}, {"hf_repo_id": "me/ok"}]}))
    parsed = local_files.parse_file(file)
    assert [record.names for record in parsed.records] == [("me/ok",)]
    assert parsed.skipped == [("entry 1", "`hf_repo_id` of `me/mine` is not a repo, `owner/name`")]
    sets = {"model_sets": [{"name": "mine", "specs": [{"backend": "vllm", "huggingface_repo_id": repo}]}]}
    with pytest.raises(NotThisFormat, match="a set without a spec that names its weights"):
        gpustack.parse(json.dumps(sets).encode())


@pytest.mark.parametrize(
    ("content", "twice"),
    [("models:\n- {name: a/b}\nmodels:\n- {name: a/c}\n", "`models` stands twice"),
     ("models:\n- name: a/b\n  name: a/c\n", "`name` stands twice")],
)  # fmt: skip
def test_what_stands_twice_in_the_users_list_is_not_lost_in_silence(tmp_path: Path, content: str, twice: str) -> None:
    file = tmp_path / "models.local.yaml"
    file.write_text(content)
    ((key, reason),) = local_files.parse_file(file).skipped
    assert key == file.name
    assert twice in reason
    assert "line 3" in reason
    assert load(content)["models"][0]["name"] == "a/c"  # a stranger's


def test_a_key_over_a_merged_one_stands_once() -> None:
    merged = "a: &a {k: 1, l: 1}\nb: &b {<<: *a, k: 2}\nc: {<<: *b, l: 3}\nd: {<<: *b}\n"
    assert load(merged, strict=True)["c"] == {"k": 2, "l": 3}


def test_a_task_that_is_none_is_kept_as_said(tmp_path: Path) -> None:
    file = tmp_path / "models.local.yaml"
    file.write_text("models: [{hf_repo_id: me/mine, task: cooking}]\n")
    (record,) = local_files.parse_file(file).records
    assert ("task" in record.facts, record.extra) == (False, {"task": "cooking"})


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.yaml", "models: 3"), ("b.yaml", "a: [b"), ("c.toml", "= 1"), ("d.yaml", "\x00"), ("e.toml", "\xff")],
)
def test_a_damaged_file_of_the_user_is_named(tmp_path: Path, name: str, content: str) -> None:
    file = tmp_path / name
    file.write_text(content, encoding="latin-1")
    parsed = local_files.parse_file(file)
    assert not parsed.records
    assert parsed.skipped[0].key == name


def test_models_dev_toml_of_the_user(tmp_path: Path) -> None:
    file = tmp_path / "acme-x.toml"
    file.write_text('name = "X"\n[[weights]]\nurl = "https://huggingface.co/acme/x-7b"\n[limit]\ncontext = 8192\n')
    (record,) = local_files.parse_file(file).records
    assert (record.source, record.names, record.weights[0].repo_id) == ("local", ("acme-x",), "acme/x-7b")


def test_a_list_of_models_needs_a_list() -> None:
    with pytest.raises(NotThisFormat, match="no list under `models:`"):
        model_list.parse("models: {}", source="local")


FOR_NPUS = """
model_sets:
- name: Thing
  specs:
  - {source: huggingface, huggingface_repo_id: eco/Thing-W8A8, quantization: W8A8, gpu_filters: {vendor: ascend}}
  - {source: huggingface, huggingface_repo_id: acme/Thing, quantization: BF16, gpu_filters: {vendor: ascend}}
  - {source: huggingface, huggingface_repo_id: red/Thing-w8a8, quantization: INT8}
  - source: huggingface
    huggingface_repo_id: eco/Thing-w4a8
    backend_parameters: ["--quantization=ascend"]
"""


def test_files_for_npus_are_marked_so() -> None:
    (record,) = gpustack.parse(FOR_NPUS).records
    assert {item.repo_id: item.format for item in record.weights} == {
        "eco/Thing-W8A8": "msmodelslim",
        "acme/Thing": None,
        "red/Thing-w8a8": None,
        "eco/Thing-w4a8": "msmodelslim",
    }
