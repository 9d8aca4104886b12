"""Each view as the browser gets it: what it says where there is nothing, what it shows, and nothing of it is believed."""

from __future__ import annotations

import pytest
from page_house import PageHouse, ids_of, seen, text_of

from modelscan.model import DeploymentMemory, Measured, MeasuredParts, Progress
from modelscan.units import GIB

PAGES = ("/ui/", "/ui/find", "/ui/models/qwen/qwen3-8b", "/ui/plan", "/ui/plan?model=demo", "/ui/chat", "/ui/activity")
HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>'


@pytest.mark.parametrize("path", [*PAGES, "/ui/sign-in", "/ui/deployments/gone"])
def test_nothing_of_a_page_runs_or_styles_but_our_files(house: PageHouse, path: str) -> None:
    answer = house.client.get(path)
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    for tag, attributes in seen(answer.text).tags:
        assert tag != "style"
        assert not any(name == "style" or name.startswith(("on", "hx-on")) for name in attributes)
        assert tag != "script" or (attributes["src"] or "").startswith("/ui/static/")
        for name in ("src", "href", "hx-get"):
            assert (attributes.get(name) or "/ui/").startswith(("/ui/", "#"))


@pytest.mark.parametrize("path", PAGES)
def test_fields_have_labels(house: PageHouse, path: str) -> None:
    found = seen(house.get(path)).tags
    labelled = {attributes.get("for") for tag, attributes in found if tag == "label"}
    for tag, attributes in found:
        if tag in {"input", "select", "textarea"} and attributes.get("type") not in {"hidden", "checkbox", "file"}:
            assert attributes.get("id") in labelled or "data-model" in attributes


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("/ui/", "modelscan deploy demo"),
        ("/ui/find?q=nobodycallsamodelthis", "modelscan catalog search --hub nobodycallsamodelthis"),
        ("/ui/plan", "modelscan plan qwen/qwen3-8b --explain"),
        ("/ui/chat", "modelscan gateway start"),
        ("/ui/activity", "modelscan gateway start"),
    ],
)
def test_where_there_is_nothing_the_next_command_stands(house: PageHouse, path: str, command: str) -> None:
    assert command in text_of(house.get(path))


def test_home_shows_what_runs(house: PageHouse) -> None:
    house.deployed(
        "coder",
        status="ready",
        memory=DeploymentMemory(estimated_bytes=2 * GIB, measured_bytes=GIB),
        measured=Measured(decode_tokens_per_second=41.7),
    )
    house.deployed(
        "loading", status="starting", phase="loading weights", progress=Progress(fraction=0.5, detail="shard 1 of 2")
    )
    house.deployed(
        "broken",
        status="failed",
        last_error="the port is taken",
        error_hints=("modelscan logs broken --tail 50",),
    )
    html = house.get("/ui/")
    text = text_of(html)
    assert "coder lab/coder ready" in text
    assert "Memory 1.00 GiB Speed, measured 42 tokens/s Stop coder" in text
    assert "starting · loading weights" in text
    assert "shard 1 of 2" in text
    assert "the port is taken modelscan logs broken --tail 50" in text
    assert any(tag == "progress" and attributes["value"] == "0.5" for tag, attributes in seen(html).tags)
    sent = {attributes["data-send"] for tag, attributes in seen(html).tags if "data-send" in attributes}
    assert {"POST /api/v1/deployments/coder/stop", "POST /api/v1/deployments/broken/start"} <= sent
    assert "DELETE /api/v1/deployments/broken" in sent


def test_memory_is_told_by_whom_it_is_held(house: PageHouse) -> None:
    house.deployed("coder", status="ready", memory=DeploymentMemory(estimated_bytes=GIB))
    text = text_of(house.get("/ui/"))
    assert "Host memory" in text
    assert "1.00 GiB claimed" in text
    assert "of 1.00 GiB claimed" in text


def test_what_others_wrote_is_text(house: PageHouse) -> None:
    made = house.deployed(
        "odd",
        model=HOSTILE,
        status="failed",
        last_error=HOSTILE,
        error_evidence=HOSTILE,
        error_hints=(HOSTILE,),
        phase=HOSTILE,
    )
    house.logged(made, HOSTILE, "\x1b[31mred\x1b[0m")
    for path in ("/ui/", "/ui/deployments/odd", f"/ui/find?q={HOSTILE}", f"/ui/plan?model={HOSTILE}", "/ui/activity"):
        html = house.get(path)
        assert not [tag for tag, attributes in seen(html).tags if tag == "img" and attributes.get("src") == "x"]
        assert "<script>alert" not in html
        assert "\x1b" not in html


def test_a_deployment_is_measured_against_its_plan(house: PageHouse) -> None:
    house.deployed(
        "coder",
        status="ready",
        started_at="2026-11-21T03:52:00Z",
        ready_at="2026-11-21T03:53:30Z",
        memory=DeploymentMemory(
            estimated_bytes=2 * GIB,
            measured_bytes=GIB,
            measured_parts=MeasuredParts(weights_bytes=GIB, kv_cache_bytes=GIB // 2, graphs_bytes=GIB // 4),
        ),
        kv_cache_tokens=900,
        measured=Measured(ttft_ms=40.4, decode_tokens_per_second=50),
        plan={
            "kv_cache_tokens": 1000,
            "estimated": {"decode_tokens_per_second": 100.0},
            "memory_per_gpu": {"weights_bytes": GIB, "kv_cache_bytes": GIB, "overhead_bytes": GIB // 2},
            "max_model_len": None,
            "max_num_seqs": None,
            "gpu_memory_utilization": None,
            "kv_cache_dtype": None,
            "pipeline_parallel": 1,
            "explicit": [],
        },
        request={"model": "lab/coder", "context_length": 32768, "gpus": ["0", "1"], "env": {"A": "b c"}, "port": 8080},
    )
    html = house.get("/ui/deployments/coder")
    text = text_of(html)
    assert (
        "Memory 2.00 GiB 1.00 GiB -50.0 % Weights 1.00 GiB 1.00 GiB +0.0 % KV cache 1.00 GiB 512.00 MiB -50.0 % "
        "Overhead 512.00 MiB - Graphs, of the overhead - 256.00 MiB"
    ) in text
    assert "KV cache holds 1,000 tokens 900 tokens -10.0 %" in text
    assert "Speed of one request 100 tokens/s 50 tokens/s -50.0 %" in text
    assert "Time to first token - 40 ms Start - 1m" in text
    clone = "/ui/plan?model=lab%2Fcoder&context_length=32768&gpu=0&gpu=1&env=A%3Db+c"
    assert clone in [attributes.get("href") for tag, attributes in seen(html).tags if tag == "a"]


def test_a_log_has_its_place_and_what_says_why(house: PageHouse) -> None:
    made = house.deployed("broken", status="failed", last_error="no memory", error_evidence="OOM: 3 GiB")
    house.logged(made, "INFO begins", "ERROR OOM: 3 GiB were wanted", "Traceback (most recent call last):")
    html = house.get("/ui/deployments/broken")
    assert "Why it failed: no memory" in text_of(html)
    assert "03:52:01 ERROR OOM: 3 GiB were wanted" in text_of(html)
    parts = {key: value for _, attributes in seen(html).tags for key, value in attributes.items()}
    assert (parts["data-evidence"], parts["data-place"]) == ("OOM: 3 GiB", "2026-11-21T03:52:02.218Z/1")
    assert parts["data-log"] == "/api/v1/deployments/broken/logs/follow"


def test_a_page_of_what_is_not_there_says_so(house: PageHouse) -> None:
    text = text_of(house.get("/ui/deployments/gone", status=404))
    assert "There is no deployment `gone`." in text
    assert "modelscan list" in text
    piece = house.get("/ui/pieces/deployments/gone", status=404, **{"HX-Request": "true"})
    assert "<html" not in piece


def test_finding_says_what_fits_and_why_not(house: PageHouse) -> None:
    text = text_of(house.get("/ui/pieces/find?q=qwen3-8b&hardware=rtx-4090"))
    assert "whether it fits is for rtx-4090" in text
    assert "qwen/qwen3-8b chat · apache-2.0 Params 8.2B Context 40,960" in text
    assert "fits FP8 with vllm, 40,960 tokens Plan qwen/qwen3-8b" in text
    large = text_of(house.get("/ui/pieces/find?q=deepseek-v3.1&hardware=rtx-4090"))
    assert " no " in large


def test_finding_says_what_it_cannot_read(house: PageHouse) -> None:
    text = text_of(house.get("/ui/pieces/find?q=qwen&hardware=no-such-card"))
    assert "`no-such-card`" in text
    assert "`many`" in text_of(house.get("/ui/pieces/find?q=qwen&max_params=many"))


def test_a_model_has_its_weights_prices_and_sources(house: PageHouse) -> None:
    text = text_of(house.get("/ui/models/qwen/qwen3-8b"))
    assert "Qwen/Qwen3-8B official BF16" in text
    assert "Hosted prices dollars per million tokens" in text
    assert "pricing models.dev" in text


def test_a_plan_has_its_reasons_its_memory_and_its_command(house: PageHouse) -> None:
    html = house.get("/ui/plan?model=qwen/qwen3-8b&hardware=rtx-4090&context_length=16k&quantization=FP8")
    text = text_of(html)
    assert "fits FP8 with vllm" in text
    assert "KV cache" in text
    assert "As asked quantization, context length" in text
    assert "modelscan deploy qwen/qwen3-8b --quantization FP8 --context-length 16384" in text
    assert "Leave the hardware empty to plan for this machine and deploy." in text
    assert "data-deploy" not in html


def test_a_plan_for_this_machine_can_be_deployed(house: PageHouse) -> None:
    html = house.get("/ui/pieces/plan?model=demo&name=mine&gpu=none&context_length=")
    body = next(attributes["data-deploy"] for _, attributes in seen(html).tags if "data-deploy" in attributes)
    assert body == '{"model": "demo", "gpu": "none", "name": "mine"}'


def test_a_plan_that_does_not_fit_says_what_would(house: PageHouse) -> None:
    html = house.get("/ui/pieces/plan?model=meta/llama-3.3-70b-instruct&hardware=rtx-4090")
    text = text_of(html)
    assert "no Nothing fits as asked" in text
    assert "more of these GPUs open here modelscan plan meta/llama-3.3-70b-instruct --hardware 4xrtx-4090" in text
    assert "/ui/plan?model=meta%2Fllama-3.3-70b-instruct&hardware=4xrtx-4090" in [
        attributes.get("href") for tag, attributes in seen(html).tags if tag == "a"
    ]


def test_a_plan_says_what_it_cannot_read(house: PageHouse) -> None:
    text = text_of(house.get("/ui/pieces/plan?model=demo&context_length=long&gpus=two"))
    assert "context length : `long` is not a context length" in text
    assert "gpus : must be a whole number above 0" in text
    html = house.get("/ui/pieces/plan?model=nobodycallsamodelthis")
    assert "No catalog lists a model `nobodycallsamodelthis`." in text_of(html)
    assert 'href="/ui/find?q=nobodycallsamodelthis"' in html


def test_ids_stand_once(house: PageHouse) -> None:
    house.deployed("coder", status="ready")
    for path in (*PAGES, "/ui/deployments/coder"):
        html = house.get(path)
        ids = [attributes["id"] for _, attributes in seen(html).tags if "id" in attributes]
        assert len(ids) == len(ids_of(html)), path
