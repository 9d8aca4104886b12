"""What is counted for a page: bars, options of an address, requests read back from the log."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from modelscan.api.page.content.memory import device_bars, hues
from modelscan.api.page.content.options import asked_in
from modelscan.api.page.content.requests import by_minute, by_model, requests_in
from modelscan.api.page.content.served import PageModel
from modelscan.api.page.content.snippets import snippets
from modelscan.model import Claim, Cpu, Gpu, GpuProcess, Hardware
from modelscan.storage.logs.reading import LogLine
from modelscan.units import GIB

SIZES = st.integers(0, 200 * GIB)


@given(
    total=st.integers(1, 200 * GIB),
    free=SIZES | st.none(),
    claims=st.lists(st.tuples(SIZES, SIZES).map(sorted), max_size=6),
)
def test_a_bar_holds_what_is_in_it(total: int, free: int | None, claims: list[list[int]]) -> None:
    gpu = Gpu(index=0, memory_total_bytes=total, memory_free_bytes=free, processes=(GpuProcess(pid=1),))
    told = [
        Claim(deployment=f"d{number}", gpu_index=0, claimed_bytes=most, outstanding_bytes=least)
        for number, (least, most) in enumerate(claims)
    ]
    (bar,) = device_bars(Hardware(devices=(gpu,)), told, hues(item.deployment for item in told))
    at = 0.0
    for segment in bar.segments:
        assert segment.start == pytest.approx(at, abs=0.01)
        at = segment.start + segment.width
    assert at <= 100.01
    assert bar.claimed_bytes == sum(most for _, most in claims)


def test_what_others_hold_is_told_apart() -> None:
    gpu = Gpu(index=0, name="H100", memory_total_bytes=80 * GIB, memory_free_bytes=30 * GIB)
    claim = Claim(deployment="coder", gpu_index=0, claimed_bytes=45 * GIB, outstanding_bytes=5 * GIB)
    (bar,) = device_bars(Hardware(devices=(gpu,)), [claim], {"coder": 3})
    assert [(item.label, item.look, item.size_bytes // GIB) for item in bar.segments] == [
        ("coder", "hue-3", 40),
        ("", "hue-3 promised", 5),
        ("others", "foreign", 10),
    ]
    assert bar.told == "GPU 0, 80.00 GiB: coder 40.00 GiB, others 10.00 GiB"


def test_without_a_gpu_it_is_the_hosts_memory() -> None:
    cpu = Cpu(model="EPYC", cores=8, memory_total_bytes=64 * GIB, memory_free_bytes=60 * GIB)
    (bar,) = device_bars(Hardware(cpu=cpu), [], {})
    assert (bar.name, bar.about, bar.used_bytes // GIB) == ("Host memory", "EPYC · 8 cores", 4)


def test_options_of_an_address_are_those_of_deploy() -> None:
    query = QueryParams(
        "model=demo&context_length=32k&gpus=2&gpu=0,1&max_memory=8GiB&enforce_eager=true&backend_arg=--seed=1"
        "&backend_arg=--x&env=A=b&name=mine&gpu_memory_utilization=0.5&idle_timeout=30m&port=&hardware=rtx-4090"
    )
    asked = asked_in(query)
    plan = asked.request.plan
    assert not asked.mistakes
    assert (plan.model, plan.context_length, plan.gpu_count, plan.gpus) == ("demo", 32768, 2, ("0", "1"))
    assert (plan.max_memory_bytes, plan.enforce_eager, plan.env) == (8 * GIB, True, {"A": "b"})
    assert plan.backend_args == ("--seed=1", "--x")
    assert (asked.request.name, asked.request.idle_timeout, asked.request.port) == ("mine", 1800.0, None)
    assert asked.body["gpus"] == 2
    assert "hardware" not in asked.body


@given(
    st.dictionaries(st.sampled_from(["model", "gpus", "gpu", "context_length", "env", "max_memory", "mode"]), st.text())
)
def test_no_address_is_a_bug(query: dict[str, str]) -> None:
    asked_in(QueryParams(query))


LINES = [
    LogLine("2026-11-21T10:00:01.000Z", "POST /v1/chat/completions 200 demo demo 812 1532 12.3ms req-1 laptop"),
    LogLine("2026-11-21T10:00:59.000Z", "POST /v1/chat/completions 502 demo - 812 0 7.0ms req-2 - no endpoint answers"),
    LogLine("2026-11-21T10:02:00.000Z", "POST /v1/embeddings 200 small small 8 9 2.0ms req-3 laptop"),
    LogLine("2026-11-21T10:02:00.000Z", "GET /v1/models 200 - - 0 90 0.1ms req-4 -"),
    LogLine("2026-11-21T10:02:00.000Z", "demo: it answers again"),
]


def test_requests_are_read_back_from_the_log() -> None:
    found = requests_in(LINES)
    assert [(item.model, item.status, item.key, item.note) for item in found] == [
        ("demo", 200, "laptop", ""),
        ("demo", 502, None, "no endpoint answers"),
        ("small", 200, "laptop", ""),
    ]
    assert [(item.model, item.requests, item.failed, item.median_ms) for item in by_model(found)] == [
        ("demo", 2, 1, 9.65),
        ("small", 1, 0, 2.0),
    ]
    now = datetime(2026, 11, 21, 10, 2, 30, tzinfo=UTC)
    assert by_minute(found, now, 3) == {"demo": [1, 1, 0], "small": [0, 0, 1]}


@pytest.mark.parametrize("task", ["chat", "embed", "speech-to-text", "text-to-image", "rerank"])
@pytest.mark.parametrize("variable", [None, "MODELSCAN_KEY"])
def test_examples_can_be_pasted(task: str, variable: str | None) -> None:
    model = PageModel(
        name="it's", task=task, status="ready", is_here=True, on_demand=False, pricing=None, context_length=None
    )
    texts = dict(snippets(model, "http://127.0.0.1:4000/v1", variable))
    words = shlex.split(texts["curl"])
    assert words[0] == "curl"
    assert any("it's" in word for word in words)
    compile(texts["OpenAI client"], "example", "exec")
    assert ("MODELSCAN_KEY" in "".join(texts.values())) is (variable is not None)
