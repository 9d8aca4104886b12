"""Finding and planning through the real entry point."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Modelscan

from modelscan.storage.shipped import shipped


def test_search_finds_the_right_model_first(modelscan: Modelscan) -> None:
    first = modelscan("catalog", "search", "qwen3", "coder", "30b", "--json").json[0]
    assert first["weights"][0]["repo_id"] == "Qwen/Qwen3-Coder-30B-A3B-Instruct"
    assert modelscan("catalog", "search", "qwen3 coder 30b", "-q", "--limit", "1").stdout == f"{first['id']}\n"


def test_nothing_found_is_an_answer(modelscan: Modelscan) -> None:
    ran = modelscan("catalog", "search", "zzzzqqqq", "--json")
    assert (ran.status, ran.json, ran.stderr) == (0, [], "")


def test_a_closed_model_is_refused_and_open_ones_are_named(modelscan: Modelscan) -> None:
    ran = modelscan("plan", "gpt-4o", "--json")
    assert (ran.status, ran.stdout, ran.error["code"]) == (5, "", "closed_weights")
    assert ran.error["details"]["open_alternatives"]
    assert all(hint.startswith("an open alternative") for hint in ran.error["hints"])


def test_what_does_not_fit_is_answered_with_the_arithmetic(modelscan: Modelscan) -> None:
    ran = modelscan("plan", "deepseek/deepseek-r1", "--hardware", "rtx-4090", "--json")
    assert (ran.status, ran.error["code"]) == (4, "no_fit")
    plan = ran.json
    assert (plan["feasible"], plan["chosen"], plan["model"]) == (False, None, "deepseek/deepseek-r1")
    rejection = plan["rejected"][0]
    assert rejection["code"] == "no_memory"
    assert rejection["needed_bytes"] > 15 * rejection["available_bytes"]


def test_an_unknown_name_is_suggested_not_taken(modelscan: Modelscan) -> None:
    ran = modelscan("plan", "nonsense-xyz", "--json")
    assert (ran.status, ran.error["code"]) == (3, "model_not_found")
    typo = modelscan("plan", "deepsek-r1", "--json")
    assert (typo.status, typo.error["code"]) == (3, "model_not_found")
    assert "deepseek/deepseek-r1" in json.dumps(typo.error)


def test_a_small_model_goes_fp8_onto_a_4090(modelscan: Modelscan) -> None:
    chosen = modelscan("plan", "deepseek/deepseek-coder", "--hardware", "rtx-4090", "--json").json["chosen"]
    assert (chosen["repo_id"], chosen["quantization"], chosen["backend"], chosen["gpu_indices"]) == (
        "deepseek-ai/deepseek-coder-6.7b-instruct",
        "FP8",
        "vllm",
        [0],
    )
    line = modelscan("plan", "deepseek/deepseek-coder", "--hardware", "rtx-4090", "--format", "command").stdout
    assert "vllm serve deepseek-ai/deepseek-coder-6.7b-instruct" in line
    assert "--quantization fp8" in line


def test_a_folder_is_planned(modelscan: Modelscan, tmp_path: Path) -> None:
    plan = modelscan("plan", str(shipped("demo")), "--hardware", "cpu:8gb", "--json").json
    assert (plan["feasible"], plan["chosen"]["source"]) == (True, "local_path")
    (tmp_path / "empty").mkdir()
    assert modelscan("plan", str(tmp_path / "empty")).status == 3


def test_what_a_machine_says_can_be_planned_for(modelscan: Modelscan, tmp_path: Path) -> None:
    described = modelscan("gpu", "--json").stdout
    path = tmp_path / "machine.json"
    path.write_text(described)
    assert modelscan("plan", "demo", "--hardware", str(path)).status == 0


@pytest.mark.parametrize("spec", ["rtx-9999", "0xrtx-4090", "cpu:lots"])
def test_bad_descriptions_of_machines(modelscan: Modelscan, spec: str) -> None:
    assert modelscan("plan", "demo", "--hardware", spec).status in {2, 3}


def test_a_corrupt_index_costs_nothing(modelscan: Modelscan, home: Path) -> None:
    path = home / "cache" / "index-v6.sqlite"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"garbage" * 1000)
    ran = modelscan("catalog", "search", "qwen3", "--limit", "1")
    assert ran.status == 0
    assert ran.stdout.startswith("ID ")
    assert "warning: " in ran.stderr
    assert path.read_bytes() == b"garbage" * 1000


def test_my_own_models_override(modelscan: Modelscan, home: Path) -> None:
    path = home / "config" / "models.local.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(f"models:\n  - name: mylab/mine\n    local_path: {shipped('demo')}\n    task: chat\n")
    assert modelscan("catalog", "info", "mylab/mine", "--json").json["weights"][0]["source"] == "local_path"
    assert modelscan("plan", "mylab/mine", "--hardware", "cpu:8gb").status == 0
    path.write_text("models:\n  - {name: qwen3-8b, hf_repo_id: mylab/tuned-qwen}\n")
    assert modelscan("catalog", "search", "qwen3-8b", "--limit", "1", "-q").stdout == "qwen3-8b\n"


def test_prices_of_what_is_no_text_claim_no_tokens(modelscan: Modelscan) -> None:
    assert "in the hosts' own units" in modelscan("catalog", "info", "whisper-large-v3").stdout
    assert "per million tokens" in modelscan("catalog", "info", "qwen3-8b").stdout


def test_the_same_model_on_the_hub_that_was_asked_for(modelscan: Modelscan) -> None:
    def sources(*arguments: str) -> set[tuple[str, str]]:
        plan = modelscan("plan", *arguments, "--hardware", "8xh100-80gb", "--json").json
        return {(item["source"], item["repo_id"]) for item in (plan["chosen"], *plan["alternatives"])}

    assert {source for source, _ in sources("Qwen/Qwen3-8B")} == {"huggingface"}
    assert sources("Qwen/Qwen3-8B-FP8", "--source", "modelscope") == {("modelscope", "Qwen/Qwen3-8B-FP8")}
    # Meta's models stand there under another owner: what ships of the release is known of them too, offline.
    assert sources("llama-3.1-8b-instruct", "--source", "modelscope") == {
        ("modelscope", "LLM-Research/Meta-Llama-3.1-8B-Instruct")
    }
    refused = modelscan("plan", "demo", "--source", "modelscope", "--json")
    assert (refused.status, refused.error["code"]) == (3, "model_not_found")


def test_only_what_fits_this_machine(modelscan: Modelscan) -> None:
    found = modelscan("catalog", "search", "smollm2", "--fits", "--limit", "3", "--json").json
    assert 0 < len(found) <= 3
    assert all(model["fits"]["feasible"] and model["fits"]["max_model_len"] for model in found)
    assert modelscan("catalog", "search", "kimi k2", "--fits", "--json").json == []
    info = modelscan("catalog", "info", "gpt-4o", "--fits", "--json").json
    assert info["fits"] == {
        "feasible": False, "quantization": None, "backend": None, "max_model_len": None,
        "reason": "its weights are closed",
    }  # fmt: skip
