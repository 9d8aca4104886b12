"""`plan --format yaml` and `deploy --file`: a plan that is kept says the same again."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.cli.conftest import Modelscan, Ran

from modelscan.model import PlanRequest
from modelscan.running.allow_env import ask_for_variables

_DIFFERS = {"explicit", "reasons", "revision"}  # what is kept is fixed then, and says so


def plan_of(ran: Ran, *but: str) -> dict[str, Any]:
    assert ran.status == 0, ran.stderr
    chosen = ran.json["chosen"]
    return {key: value for key, value in chosen.items() if key not in {*_DIFFERS, *but}}


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("demo", "--gpu none --context-length 1024 --max-concurrency 2"),
        ("demo", "--backend-arg=--max-num-seqs=3 --env NCCL_DEBUG=INFO"),
        ("huggingfacetb/smollm2-135m-instruct", "--gpu none --dtype bfloat16"),
    ],
)
def test_deploy_plans_a_file_again(modelscan: Modelscan, tmp_path: Path, model: str, options: str) -> None:
    words = shlex.split(options)
    now = "memory_per_gpu"  # what is free of this machine is never the same twice
    first = plan_of(modelscan("plan", model, *words, "--json"), now)
    file = tmp_path / "deployment.yaml"
    file.write_text(modelscan("plan", model, *words, "--format", "yaml").stdout)
    assert plan_of(modelscan("deploy", "--file", str(file), "--dry-run", "--json"), now) == first


_MODELS = (
    *("deepseek/deepseek-r1", "openai/gpt-oss-120b", "qwen/qwen3-32b", "qwen/qwen3-8b", "alibaba/qwen3-235b-a22b"),
    *("meta-llama/llama-3.1-8b-instruct", "baai/bge-m3", "deepseek/deepseek-coder", "google/gemma-3-4b-it"),
    *("qwen/qwen3-next-80b-a3b-instruct", "modelscan/demo"),
)
_MACHINES = ("rtx-3060", "rtx-4090", "2xrtx-4090", "h100-80gb", "8xh100-80gb", "8xh200-141gb", "mi300x", "cpu:64gb")
_OPTIONS = st.lists(
    st.sampled_from(
        [
            "--context-length 4096",
            "--max-concurrency 8",
            "--backend sglang",
            "--backend vllm",
            "--mode latency",
            "--mode throughput",
            "--enforce-eager",
            "--max-memory 20GiB",
            "--max-host-memory 8GiB",
            "--gpu-memory-utilization 0.8",
            "--gpu 0",
            "--gpus 2",
            "--tensor-parallel 2",
            "--kv-cache-dtype fp8",
            "--trust-remote-code",
            "--quantization FP8",
            "--quantization INT4",
            "--backend-arg=--max-num-batched-tokens=4096",
            "--env NCCL_DEBUG=INFO",
        ]
    ),
    unique_by=lambda option: option.split()[0].split("=")[0],
    max_size=4,
)


@settings(max_examples=settings().max_examples // 3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(_MODELS), st.sampled_from(_MACHINES), _OPTIONS)
@pytest.mark.slow
def test_a_file_says_the_plan_again(
    modelscan: Modelscan, tmp_path: Path, model: str, machine: str, options: list[str]
) -> None:
    words = ["--offline", "plan", model, "--hardware", machine, *(word for item in options for word in item.split())]
    first = modelscan(*words, "--json")
    assume(first.status == 0)
    file = tmp_path / "deployment.yaml"
    file.write_text(modelscan(*words, "--format", "yaml").stdout)
    again = modelscan("--offline", "plan", "--file", str(file), "--hardware", machine, "--json")
    assert plan_of(again) == plan_of(first)


def test_gpus_of_a_file(modelscan: Modelscan, tmp_path: Path) -> None:
    """Its filters narrow, its list fixes, and what is said besides it counts more."""
    file = tmp_path / "deployment.yaml"

    def planned(gpus: str, machine: str = "4xh100-80gb", *options: str) -> Ran:
        file.write_text(f"model: qwen/qwen3-8b\ndeployment: {{{gpus}}}")
        return modelscan("--offline", "plan", "--file", str(file), "--hardware", machine, "--json", *options)

    assert planned("gpus: [1, 3]").json["chosen"]["gpu_indices"] == [1, 3]
    assert planned("gpus: 2").json["chosen"]["gpu_indices"] == [0, 1]
    assert {item["code"] for item in planned("gpus: none").json["rejected"]} >= {"memory_unknown"}  # of the host
    assert planned("gpus: [1, 3]", "4xh100-80gb", "--gpu", "2").json["chosen"]["gpu_indices"] == [2]
    for filters in (
        "vendor: [nvidia, amd], min_memory_gb: 80",
        'compute_capability: ">=8.9,<10.0"',
        "min_memory_gb: 80",
    ):
        assert planned(f"gpu_filters: {{{filters}}}").status == 0
    for filters in ("vendor: amd", "min_memory_gb: 96", 'compute_capability: "<9.0"', 'compute_capability: ">=10"'):
        refused = planned(f"gpu_filters: {{{filters}}}")
        assert refused.status == 4
        assert [item["code"] for item in refused.json["rejected"]] == ["gpu_filters"]
        assert refused.json["hints"] == [
            "any GPU that is large enough: modelscan plan qwen/qwen3-8b --hardware 4xh100-80gb"
        ]


def test_weights_of_the_users_own_run_as_that_model(modelscan: Modelscan, tmp_path: Path, folder: Path) -> None:
    file = tmp_path / "deployment.yaml"
    file.write_text(f"model: modelscan/demo\ndeployment: {{repo_id: '{folder}', source: local_path, gpus: none}}")
    plan = modelscan("plan", "--file", str(file), "--json").json
    assert plan["model"] == "modelscan/demo"
    assert plan["chosen"]["repo_id"] == str(folder)


def test_a_folder_that_no_catalog_knows(modelscan: Modelscan, tmp_path: Path, folder: Path) -> None:
    file = tmp_path / "deployment.yaml"
    first = modelscan("plan", str(folder), "--gpu", "none", "--json")
    file.write_text(modelscan("plan", str(folder), "--gpu", "none", "--format", "yaml").stdout)
    again = modelscan("plan", "--file", str(file), "--json")
    assert plan_of(again, "memory_per_gpu") == plan_of(first, "memory_per_gpu")


def test_a_command_can_be_pasted(modelscan: Modelscan) -> None:
    """One line that a shell takes, and whose words are those of the plan."""
    words = ["plan", "deepseek/deepseek-coder", "--hardware", "rtx-4090", "--env", "NCCL_DEBUG=it's $HOME; `x`"]
    line = modelscan(*words, "--format", "command").stdout
    assert line.count("\n") == 1
    assert subprocess.run(["/bin/sh", "-n", "-c", line], check=False).returncode == 0
    chosen = modelscan(*words, "--json").json["chosen"]
    said = shlex.split(line)
    assert said[len(chosen["env"]) :] == chosen["argv"]
    assert dict(word.split("=", 1) for word in said[: len(chosen["env"])]) == chosen["env"]
    shown = subprocess.run(
        ["/bin/sh", "-c", f'vllm() {{ printf %s "$NCCL_DEBUG"; }}; {line}'], check=False, capture_output=True
    )
    assert shown.stdout.decode() == "it's $HOME; `x`"


@pytest.mark.parametrize(
    ("text", "at_fault"),
    [
        ("- 1", "the file"),
        ("model: demo\ndeployment: {host: 0.0.0.0}", "host"),
        ("model: demo\ndeployment: {port: 99999}", "port: 99999"),
        ("model: demo\ndeployment: {env: {HF_TOKEN: x}}", "HF_TOKEN"),
        ("model: demo\ndeployment: {parameters: [--host=0.0.0.0]}", "--host=0.0.0.0"),
        ("model: {", "deployment.yaml"),
        ("model: demo\ndeployment: {gpus: 0}", "gpus: 0"),
        ("model: demo\ndeployment: {gpus: [[0]]}", "gpus: [[0]]"),
        ("model: demo\ndeployment: {gpu_filters: {colour: red}}", "colour"),
        ("model: demo\ndeployment: {gpu_filters: {compute_capability: new}}", "compute_capability: new"),
        ("model: demo\ndeployment: {gpu_filters: {min_memory_gb: much}}", "min_memory_gb: much"),
        ("model: demo\ndeployment: {max_memory: much}", "much"),
    ],
)
def test_a_bad_file_is_refused_by_name(modelscan: Modelscan, tmp_path: Path, text: str, at_fault: str) -> None:
    file = tmp_path / "deployment.yaml"
    file.write_text(text)
    ran = modelscan("deploy", "--file", str(file), "--dry-run", "--json")
    assert ran.status == 2
    assert at_fault in json.loads(ran.stderr)["error"]["message"]


def test_nothing_named(modelscan: Modelscan) -> None:
    assert modelscan("deploy").status == 2


def test_a_file_passes_no_variable_beyond_the_list(modelscan: Modelscan, tmp_path: Path, vllm: Path) -> None:
    file = tmp_path / "deployment.yaml"
    file.write_text("model: demo\ndeployment: {env: {TORCH_LOGS_OUT: /tmp/x}}\n")
    for words in ([], ["--allow-env", "TORCH_LOGS_OUT"], ["--yes"]):
        ran = modelscan("deploy", "--file", str(file), "--dry-run", *words)
        assert ran.status == 2
        assert "`TORCH_LOGS_OUT` may not be passed to a backend" in ran.stderr


def test_a_person_may_go_beyond_the_list_by_name(modelscan: Modelscan, vllm: Path) -> None:
    typed = ("deploy", "demo", "--env", "TORCH_LOGS=dynamo", "--dry-run")
    for words in ((), ("--yes",), ("--allow-env", "TORCH_TRACE")):
        ran = modelscan(*typed, *words)
        assert ran.status == 2
        assert "hint: if you know what it does: --env TORCH_LOGS=VALUE --allow-env TORCH_LOGS\n" in ran.stderr
    chosen = modelscan(*typed, "--allow-env", "TORCH_LOGS", "--json").json["chosen"]
    assert (chosen["env"]["TORCH_LOGS"], chosen["allowed_env"]) == ("dynamo", ["TORCH_LOGS"])
    assert (
        modelscan("deploy", "demo", "--env", "LD_PRELOAD=/x.so", "--allow-env", "LD_PRELOAD", "--dry-run").status == 0
    )


def test_on_a_terminal_a_person_is_asked() -> None:
    asked: list[str] = []

    def answer(question: str, /, *, default: bool = True) -> bool | None:
        asked.append(question)
        return None if default else "TORCH_LOGS" in question

    request = PlanRequest(model="demo", env={"TORCH_LOGS": "x", "LD_PRELOAD": "x", "OMP_NUM_THREADS": "2"})
    allowed = ask_for_variables(request, request.env, answer)
    assert allowed.allow_env == ("TORCH_LOGS",)
    assert [question.split("`")[1] for question in asked] == ["TORCH_LOGS", "LD_PRELOAD"]
