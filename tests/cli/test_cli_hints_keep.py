"""A command that a hint offers keeps all that was asked, but what the hint says that it gives up."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cli.conftest import Modelscan

# One or two values of each option of `plan` that stays what it is whichever model and machine answer.
_OPTIONS = {
    "--backend": ("vllm", "sglang"),
    "--mode": ("latency", "throughput"),
    "--quantization": ("FP8", "BF16"),
    "--context-length": ("16384", "65536"),
    "--max-concurrency": ("1", "16"),
    "--dtype": ("bfloat16",),
    "--kv-cache-dtype": ("fp8",),
    "--gpu-memory-utilization": ("0.5", "0.85"),
    "--max-memory": ("10GiB", "1500MiB"),
    "--max-host-memory": ("32GiB",),
    "--tensor-parallel": ("2",),
    "--env": ("NCCL_P2P_DISABLE=1",),
    "--source": ("huggingface",),
    "--trust-remote-code": (None,),
    "--enforce-eager": (None,),
    "--backend-arg": ("--swap-space=2",),
    "--name": ("mine",),
    "--port": ("9123",),
    "--alias": ("other",),
    "--idle-timeout": ("1800",),
    "--restart": ("always",),
    "--api-key-env": ("MY_KEY",),
}
_REFUSED = (
    ("deepseek/deepseek-r1", "rtx-4090"),
    ("qwen/qwen3-235b-a22b", "2xrtx-4090"),
    ("Qwen/Qwen3-Coder-30B-A3B-Instruct-FP8", "rtx-5090"),
    ("qwen/qwen3-14b", "t4"),
    ("meta-llama/llama-3.3-70b-instruct", "8xrtx-3060"),
)
# What a hint says that it gives up; `of these GPUs` and `a machine` are another `--hardware`.
_GIVEN_UP = {
    "fewer concurrent requests": {"--max-concurrency"},
    "a shorter context": {"--context-length"},
    "more of the memory": {"--max-memory"},
    "more of the host's memory": {"--max-host-memory"},
    "the share from what is free": {"--gpu-memory-utilization"},
    "another type of the KV cache": {"--kv-cache-dtype"},
    "divided as the plan chooses": {"--tensor-parallel"},
    "divide the model": {"--tensor-parallel"},
    "another quantization": {"--quantization"},
    "another data type": {"--dtype"},
    "and data type": {"--dtype"},
    "another backend": {"--backend", "--backend-version"},
    "with all of its memory": {"--max-memory", "--max-host-memory", "--gpu-memory-utilization"},
    "the same model in another format": {"--quantization"},
    "a smaller model": {"--trust-remote-code"},
    "that fits in another format": {"--quantization", "--dtype", "--kv-cache-dtype"},
    "of these GPUs": {"--hardware"},
    "a machine that is large enough": {"--hardware"},
    "a machine that runs it": {"--hardware"},
}


@st.composite
def _asked(draw: st.DrawFn) -> list[str]:
    names = draw(st.lists(st.sampled_from(sorted(_OPTIONS)), unique=True, max_size=7))
    words: list[str] = []
    for name in names:
        value = draw(st.sampled_from(_OPTIONS[name]))
        words += [name] if value is None else [f"{name}={value}"] if name == "--backend-arg" else [name, value]
    return words


def _missing(asked: list[str], hint: str) -> set[str]:
    """The options that the command of a hint does not keep as they were asked, and is not said to give up."""
    label, _, command = hint.partition("modelscan ")
    allowed = {option for words, options in _GIVEN_UP.items() if words in label for option in options}
    allowed |= {word.rstrip(":") for word in label.split() if word.startswith("--")}
    kept = shlex.split(command)
    return {name for name, pair in _pairs(asked) if name not in allowed and not _within(pair, kept)}


def _pairs(words: list[str]) -> Iterator[tuple[str, list[str]]]:
    place = 0
    while place < len(words):
        alone = "=" in words[place] or place + 1 == len(words) or words[place + 1].startswith("--")
        yield words[place].partition("=")[0], words[place : place + 2 - alone]
        place += 2 - alone


def _within(pair: list[str], words: list[str]) -> bool:
    return any(words[place : place + len(pair)] == pair for place in range(len(words)))


@given(asked=_asked(), refused=st.sampled_from(_REFUSED))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@pytest.mark.slow
def test_a_hint_of_a_plan_keeps_what_was_asked(
    modelscan: Modelscan, asked: list[str], refused: tuple[str, str]
) -> None:
    model, machine = refused
    words = [*asked, "--hardware", machine]
    ran = modelscan("--offline", "plan", model, *words, "--json")
    if ran.status == 4:
        for hint in ran.json["hints"]:
            if "modelscan plan" in hint:
                assert not _missing(words, hint), hint


@given(asked=_asked(), refused=st.sampled_from(_REFUSED))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@pytest.mark.slow
def test_each_of_them_works(modelscan: Modelscan, asked: list[str], refused: tuple[str, str]) -> None:
    model, machine = refused
    ran = modelscan("--offline", "plan", model, *asked, "--hardware", machine, "--json")
    for hint in ran.json["hints"] if ran.status == 4 else ():
        if "modelscan plan" in hint:
            command = shlex.split(hint.partition("modelscan ")[2])
            assert modelscan("--offline", *command).status == 0, hint


@pytest.mark.parametrize(
    ("model", "status"), [("qwen3", 3), ("openai/gpt-4o", 5), ("https://huggingface.co/datasets/a/b", 3)]
)
def test_a_hint_of_a_name_keeps_what_was_asked(modelscan: Modelscan, model: str, status: int) -> None:
    """An open model in the place of a closed one gets everything but what was allowed to the closed one."""
    asked = ["--context-length", "16384", "--gpu-memory-utilization", "0.85", "--env", "NCCL_P2P_DISABLE=1"]
    asked += ["--name", "mine", "--port", "9123", "--hardware", "rtx-4090"]
    ran = modelscan("--offline", "plan", model, *asked, "--trust-remote-code", "--json")
    assert ran.status == status
    hints = [hint for hint in ran.error["hints"] if "modelscan plan" in hint]
    assert hints or status == 5  # which are looked for no longer than a moment
    for hint in hints:
        assert not _missing(asked, hint), hint
        assert ("--trust-remote-code" in hint) == (model == "qwen3")


def test_more_of_the_gpus_are_asked_for_with_the_share_that_was_asked_for(modelscan: Modelscan) -> None:
    asked = ["--context-length", "16384", "--gpu-memory-utilization", "0.95"]
    ran = modelscan("plan", "Qwen/Qwen3-Coder-30B-A3B-Instruct-FP8", *asked, "--hardware", "rtx-5090", "--json")
    [more] = [hint for hint in ran.json["hints"] if hint.startswith("more of these GPUs: ")]
    assert more.endswith(f"{' '.join(asked)} --hardware 2xrtx-5090")


def test_a_deployment_keeps_its_name_and_port(modelscan: Modelscan, vllm: object) -> None:
    asked = ["--name", "mine", "--port", "9123", "--idle-timeout", "30m", "--context-length", "2048"]
    ran = modelscan("--offline", "deploy", "deepseek/deepseek-r1", *asked, "--json")
    assert ran.status == 4
    hints = [hint for hint in ran.error["hints"] if "modelscan plan" in hint]
    assert hints
    asked[asked.index("30m")] = "1800"
    for hint in hints:
        assert not _missing(asked, hint), hint
