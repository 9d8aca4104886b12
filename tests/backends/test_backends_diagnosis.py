"""Why a backend ended: excerpts of real failures in failures.toml, and what is made of them."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from modelscan.backends.base import Diagnosis
from modelscan.backends.explaining.diagnosis import with_kernel_kills
from modelscan.backends.registry import BACKENDS

VLLM, SGLANG = BACKENDS["vllm"].explains, BACKENDS["sglang"].explains
FAILURES: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("failures.toml").read_text())["failure"]
CONSEQUENCE = (
    "(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above. "
    "Failed core proc(s): {'EngineCore': 1}"
)


def titled(failure: dict[str, Any]) -> str:
    return f"{failure['backend']}: {failure['from'][:70]}"


@pytest.mark.parametrize("failure", FAILURES, ids=titled)
def test_a_real_failure_has_its_cause_and_what_to_do(failure: dict[str, Any]) -> None:
    found = BACKENDS[failure["backend"]].explains.diagnose(failure["log"], failure["exit"])
    assert found.cause == failure["cause"]
    assert found.suggested == failure.get("suggested", {})
    assert found.wants_relief == failure.get("relief", False)
    if "hint" in failure:
        assert failure["hint"] in found.hints


@pytest.mark.parametrize("failure", [item for item in FAILURES if item["backend"] == "vllm"], ids=titled)
def test_the_root_cause_is_found_above_the_last_words_of_vllm(failure: dict[str, Any]) -> None:
    noise = "(APIServer pid=1) INFO 11-21 05:01:02 [utils.py:233] non-default args\n"
    buried = f"{noise * 20}{failure['log']}\n(APIServer pid=1) Traceback (most recent call last):\n{CONSEQUENCE}\n"
    if failure["exit"] == 1:
        assert VLLM.diagnose(buried, 1).cause == failure["cause"]


def test_what_is_derived_is_asked_for_by_a_hint_that_can_be_run() -> None:
    for failure in FAILURES:
        found = BACKENDS[failure["backend"]].explains.diagnose(failure["log"], failure["exit"])
        for name, value in found.suggested.items():
            option = f"--{name.replace('_', '-')} {value}"
            assert any(hint == f"modelscan deploy … {option}" for hint in found.hints), titled(failure)


def test_the_table_is_about_all_backends() -> None:
    assert Counter(failure["backend"] for failure in FAILURES).keys() == BACKENDS.keys()


def test_a_share_that_leaves_nothing_is_not_suggested() -> None:
    found = VLLM.diagnose(
        "ValueError: Free memory on device cuda:0 (0.5/79.1 GiB) on startup is less than desired GPU memory utilization"
        " (0.92, 72.8 GiB).",
        1,
    )
    assert (found.suggested, found.hints) == ({}, ("modelscan gpu",))


@pytest.mark.parametrize("exit_code", [-9, 137])
def test_a_kill_with_nothing_in_the_log(exit_code: int) -> None:
    found = VLLM.diagnose("INFO 11-21 05:01:02 [core.py:1] Loading weights\n", exit_code)
    assert found.cause == "vLLM ended: it was killed with SIGKILL"
    assert found.evidence == "Loading weights"


def test_an_error_that_nobody_knows_is_quoted_from_its_root() -> None:
    found = VLLM.diagnose(
        f"(EngineCore pid=42) ERROR 11-21 05:01:02 [core.py:1] KeyError: 'lm_head'\n{CONSEQUENCE}\nlast words\n", 1
    )
    assert found == Diagnosis(
        cause="vLLM ended with exit status 1: KeyError: 'lm_head'", evidence="KeyError: 'lm_head'"
    )


@pytest.mark.parametrize(
    ("log", "exit_code", "found"),
    [
        ("", None, Diagnosis(cause="vLLM ended")),
        ("", 0, Diagnosis(cause="vLLM ended with exit status 0")),
        ("bye", 3, Diagnosis(cause="vLLM ended with exit status 3", evidence="bye")),
        ("", -11, Diagnosis(cause="vLLM ended: it crashed with a segmentation fault")),
        (
            "see `OSError: Too many open files`",
            0,
            Diagnosis(cause="vLLM ended with exit status 0", evidence="see `OSError: Too many open files`"),
        ),
    ],
)
def test_ends_without_a_word(log: str, exit_code: int | None, found: Diagnosis) -> None:
    assert VLLM.diagnose(log, exit_code) == found


def test_evidence_is_cut() -> None:
    evidence = VLLM.diagnose("x" * 1000, 1).evidence
    assert evidence is not None
    assert len(evidence) == 400


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("exit_code", [-9, 137])
def test_want_of_memory_needs_evidence(backend: str, exit_code: int) -> None:
    explains, title = BACKENDS[backend].explains, BACKENDS[backend].title
    plain = explains.diagnose("INFO: loading\n", exit_code)
    assert plain.cause == f"{title} ended: it was killed with SIGKILL"
    assert "memory" not in plain.cause
    assert with_kernel_kills(plain, 0) == plain
    killed = with_kernel_kills(plain, 1)
    assert killed.cause == f"{title} ended: it was killed by the kernel because the machine ran out of memory"
    assert killed.evidence == "the kernel killed a process for want of memory while it ran (/proc/vmstat, oom_kill)"
    assert killed.hints[-1] == "modelscan deploy … --context-length HALF"
    said_so = explains.diagnose("RuntimeError: [enforce fail] DefaultCPUAllocator: can't allocate memory\n", exit_code)
    assert said_so.cause == "the machine ran out of memory"
    segfault = explains.diagnose("", -11)
    assert with_kernel_kills(segfault, 3) == segfault
