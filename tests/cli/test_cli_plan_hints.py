"""Where nothing fits: what would help, in the order of what it costs; every command is run, and works."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan
from tests.planning.machines import FACTS, llama, machine, weights

from modelscan import dataclasses
from modelscan.model import Claim, Gpu, PlanRequest
from modelscan.planning.decide.planner import make_plan
from modelscan.units import GIB

_REFUSED = [
    ("deepseek/deepseek-r1", "--hardware rtx-4090"),
    ("deepseek/deepseek-r1", "--hardware 4xh100-80gb"),
    ("qwen/qwen3-235b-a22b", "--hardware 2xrtx-4090"),
    ("qwen/qwen3-30b-a3b", "--hardware rtx-4070"),
    ("qwen/qwen3-14b", "--hardware rtx-4090 --quantization BF16"),
    ("qwen/qwen3-8b", "--hardware rtx-4080 --quantization BF16 --context-length 40000"),
    ("qwen/qwen3-8b", "--hardware rtx-4090 --context-length 41k"),
    ("qwen/qwen3-8b", "--hardware h100-80gb --max-memory 4GiB"),
    ("qwen/qwen3-8b", "--hardware 3xrtx-4090 --tensor-parallel 3"),
    ("moonshotai/kimi-k2-instruct", "--hardware rtx-4090"),
    ("zai-org/glm-4.5", "--hardware mi300x"),
    ("meta-llama/llama-3.1-70b-instruct", "--hardware rtx-3090 --context-length 64k"),
    ("qwen/qwen3-32b", "--hardware cpu:8gb"),
]


@pytest.mark.parametrize(("model", "options"), _REFUSED)
@pytest.mark.slow
def test_every_command_of_a_hint_works(
    modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch, model: str, options: str
) -> None:
    monkeypatch.setenv("MODELSCAN_OFFLINE", "1")
    refused = modelscan("plan", model, *shlex.split(options), "--json")
    assert refused.status == 4
    hints = refused.json["hints"]
    assert hints == refused.error["hints"]
    commands = [hint.partition("modelscan ")[2] for hint in hints if "modelscan " in hint]
    assert commands
    assert len(commands) == len(set(commands))
    for command in commands:
        ran = modelscan(*shlex.split(command))
        assert ran.status == 0, (command, ran.stderr)


def test_a_giant_on_a_small_card(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELSCAN_OFFLINE", "1")
    ran = modelscan("plan", "deepseek/deepseek-r1", "--hardware", "rtx-4090")
    assert ran.stdout == snapshot("""\
deepseek/deepseek-r1 on NVIDIA GeForce RTX 4090

Nothing fits.

FORMAT  WEIGHTS                                ON        NEEDS  AVAILABLE    SHORT BY
INT4    cognitivecomputations/DeepSeek-R1-AWQ  GPU  368.54 GiB  22.51 GiB  346.03 GiB
FP8     deepseek-ai/DeepSeek-R1                GPU  648.53 GiB  22.51 GiB  626.03 GiB
Q4_K_M: Q4_K_M needs 375.30 GiB of host memory, beside 18.91 GiB on the GPU, most of it the experts of 60 layers, and how much there is is not known; say it: --hardware SPEC+512gib-ram
""")
    assert ran.stderr == snapshot("""\
error: `deepseek/deepseek-r1` does not fit this hardware as asked
  INT4 needs 368.54 GiB on the GPU, 22.51 GiB may be used: weights 357.01 GiB, activations 500.00 MiB, overhead 315.07 MiB, KV cache 8.58 MiB for one request of 256 tokens, uncertainty 10.73 GiB
hint: no quantization helps: in INT4 the weights of 671B parameters alone are about 324.68 GiB
hint: a machine that is large enough: modelscan plan deepseek/deepseek-r1 --hardware 4xh200-sxm
hint: a smaller model that fits: modelscan plan deepseek-ai/deepseek-r1-distill-qwen-32b --hardware rtx-4090
hint: a smaller model that fits: modelscan plan deepseek-ai/deepseek-r1-distill-qwen-14b --hardware rtx-4090
hint: a smaller model that fits: modelscan plan deepseek-ai/deepseek-r1-0528-qwen3-8b --hardware rtx-4090
""")


def test_what_is_fixed_stays_in_the_command(modelscan: Modelscan) -> None:
    options = ["--hardware", "rtx-4090", "--context-length", "41k", "--mode", "throughput"]
    hint = modelscan("plan", "qwen/qwen3-8b", *options, "--json").json["hints"][0]
    assert "--mode throughput" in hint
    assert hint.endswith("--hardware rtx-4090")


def test_the_deployment_that_holds_least_and_is_enough_is_to_be_stopped() -> None:
    """Three GPUs' worth of claims on one: stopping `small` frees too little, `middle` is enough, `large` is too much."""
    hardware = machine("rtx-4090")
    gpu = dataclasses.replace(hardware.devices[0], memory_free_bytes=2 * GIB)
    claims = [
        Claim(deployment=name, gpu_index=0, claimed_bytes=size * GIB, outstanding_bytes=0)
        for name, size in (("large", 12), ("small", 1), ("middle", 9))
    ]
    option = weights("x/y", llama(num_hidden_layers=8, total_parameters=None))
    plan = make_plan(
        None,
        [option],
        dataclasses.replace(hardware, devices=(gpu,)),
        PlanRequest(model="x/y", quantization="BF16"),
        FACTS,
        claims=claims,
    )
    assert plan.hints[0] == "free 9.00 GiB: modelscan stop middle"


def test_a_gpu_whose_memory_nobody_knows_can_be_described(
    modelscan: Modelscan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("one.json").write_text('{"devices": [{"index": 0, "vendor": "nvidia", "name": "NVIDIA X"}]}', encoding="utf-8")
    ran = modelscan("--offline", "plan", "qwen/qwen3-8b", "--hardware", "one.json", "--json")
    assert ran.status == 4
    assert ran.error["hints"] == snapshot(
        ["its description may say it: add `memory_total_bytes` to the device in one.json"]
    )
    unknown = dataclasses.replace(machine("rtx-4090"), devices=(Gpu(index=0, name="NVIDIA X"),))
    request = PlanRequest(model="x/y", context_length=8192)
    assert list(make_plan(None, [weights("x/y", llama())], unknown, request, FACTS).hints) == snapshot(
        [
            "see what is known of this device: modelscan gpu",
            "write its `memory_total_bytes` into a description: modelscan gpu --json > machine.json, and plan with it: modelscan plan x/y --context-length 8192 --hardware machine.json",
        ]
    )


@pytest.mark.parametrize(
    ("spec", "first"),
    [
        ("rtx-4090", "an open alternative that fits: modelscan plan qwen/qwen3-vl-32b-instruct --hardware rtx-4090"),
        ("8xh100-80gb", "an open alternative that fits: modelscan plan openai/gpt-oss-120b --hardware 8xh100-80gb"),
    ],
)
def test_a_closed_model_names_open_ones(modelscan: Modelscan, spec: str, first: str) -> None:
    ran = modelscan("--offline", "plan", "openai/gpt-4o", "--hardware", spec, "--json")
    assert (ran.status, ran.stdout) == (5, "")
    assert ran.error["hints"][0] == first
    for hint in ran.error["hints"]:
        command = shlex.split(hint.partition("modelscan ")[2])
        assert modelscan("--offline", *command).status == 0


def test_a_gpu_without_kernels_names_another(modelscan: Modelscan) -> None:
    ran = modelscan("--offline", "plan", "qwen/qwen3-4b", "--hardware", "v100-32gb", "--json")
    assert ran.status == 4
    (hint,) = ran.error["hints"]
    assert hint.startswith("a machine that runs it: modelscan plan qwen/qwen3-4b --hardware ")
    assert modelscan("--offline", *shlex.split(hint.partition("modelscan ")[2])).status == 0


def test_a_host_with_too_little_memory_is_planned_with_more(modelscan: Modelscan) -> None:
    """The command of the hint fits, and the next smaller host does not."""
    words = ("plan", "deepseek/deepseek-r1", "--quantization", "Q4_K_M", "--json", "--hardware")
    hints = modelscan(*words, "rtx-4090+64gib-ram").json["hints"]
    hint = next(hint for hint in hints if "more host memory" in hint)
    assert hint.endswith("--hardware rtx-4090+384gib-ram")
    assert modelscan(*words, "rtx-4090+384gib-ram").json["feasible"] is True
    assert modelscan(*words, "rtx-4090+256gib-ram").json["feasible"] is False


def test_the_model_of_a_repo_that_no_catalog_knows_is_named(
    modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELSCAN_OFFLINE", "1")
    ran = modelscan("plan", "acme/Qwen3-8B-quantized.w8a8", "--hardware", "b200")
    assert (ran.status, [line for line in ran.stderr.splitlines() if line.startswith("hint")]) == (
        4,
        snapshot(
            [
                "hint: the same model in another format: modelscan plan qwen/qwen3-8b --hardware b200",
                "hint: a machine that runs it: modelscan plan acme/Qwen3-8B-quantized.w8a8 --hardware rtx-3060-12gb",
            ]
        ),
    )


def test_a_backend_that_holds_no_more_is_not_praised_for_its_context(modelscan: Modelscan) -> None:
    plan = modelscan("--offline", "plan", "meta-llama/llama-3.3-70b-instruct", "--hardware", "rtx-a6000", "--json").json
    context = {item["max_model_len"] for item in (plan["chosen"], plan["alternatives"][0])}
    assert context == {16384}
    assert (
        "backend: llamacpp, because vLLM holds no longer context, and needs more memory for it"
        in (plan["chosen"]["reasons"])
    )


def test_smaller_models_are_smaller_than_the_one_that_was_asked_for(modelscan: Modelscan) -> None:
    ran = modelscan("--offline", "plan", "mistralai/Magistral-Small-2509", "--hardware", "rtx-3090")
    assert ran.stderr.splitlines()[-1] == (
        "hint: smaller models: modelscan catalog list --task chat --open --max-params 23b"
    )


def test_a_release_that_is_called_by_its_format_stands_for_the_model(modelscan: Modelscan) -> None:
    """Its NVFP4 fits a card on which its own BF16 does not; and who asks for BF16 gets that."""
    asked = ("--offline", "plan", "nvidia/nvidia-nemotron-3-nano-30b-a3b-bf16", "--hardware", "rtx-5090", "--json")
    plan = modelscan(*asked).json
    assert plan["feasible"] is True
    assert plan["chosen"]["quantization"] == "NVFP4"
    assert modelscan(*asked, "--quantization", "BF16").status == 4
