"""What `plan` shows: at 80 columns, in a pipe, without colour, without Unicode, on several GPUs."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan
from tests.planning.machines import FACTS, llama, machine, weights

from modelscan.cli.output.printer import PlainPrinter
from modelscan.cli.output.terminal import TerminalPrinter
from modelscan.cli.views.plan import show_plan
from modelscan.dataclasses import replace
from modelscan.model import Claim, Measurement, Plan, PlanRequest
from modelscan.planning.decide.planner import make_plan
from modelscan.planning.telling.explain import explain

_ROW = re.compile(r"  (?P<sign>[ +=]) .{13} +(?P<bytes>-?[\d,]+) ")
LLAMA = weights("meta-llama/Llama-3.1-8B-Instruct", llama(), verified=True)


def plan_on(spec: str, **request: Any) -> Plan:
    return make_plan(None, [LLAMA], machine(spec), PlanRequest(model="llama", **request), FACTS)


def text_of(plan: Plan, *, encoding: str = "utf-8", columns: int | None = None) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    if columns is None:
        printer: Any = PlainPrinter(stream)
    else:
        printer = TerminalPrinter(stream)
        printer._console.width = printer.width = columns  # rich asks the environment, which is the user's
    show_plan(printer, plan)
    stream.flush()
    stream.seek(0)
    return "\n".join(line.rstrip() for line in stream.read().splitlines())


def test_one_screen() -> None:
    assert text_of(plan_on("8xh100-80gb", tensor_parallel=8), columns=80) == snapshot("""\
llama on 8 x NVIDIA H100 80GB HBM3

Weights       meta-llama/Llama-3.1-8B-Instruct (huggingface)
Quantization  BF16: the weights take at most a quarter of the GPU, so a smaller
              format gains nothing
Backend       vllm 0.33.0, which runs on the widest range of hardware and
              formats
Runs on       GPU 0-7, tensor parallel 8; 8 GPUs, as asked
Context       131,072, the model's limit; 34 to 35 concurrent full-length
              requests
Speed         about 307 tokens/s for one request (241 at full length), 1091 for
              35 full-length requests together; prompts at 113,778/s (estimated,
              not measured; may be off by a factor of 1.6)
Concurrency   64 requests at once; for more: --max-concurrency N, or --mode
              throughput
Memory        0.92 of the GPU, from the memory that is free now
Alternative   FP8 with vllm on GPU 0-7, context 131,072, about 340 tokens/s:
              meta-llama/Llama-3.1-8B-Instruct

GPU 0-7  8 x NVIDIA H100 80GB HBM3, 79.11 GiB
  ██▒░▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓······
    ├┤ needed before the KV cache: 2.51 to 3.24 GiB
  █ weights        1.90 GiB   1.85 to 1.96
  ▒ activations    0.27 GiB   0.20 to 0.34
  ░ overhead       0.58 GiB   0.20 to 1.37
  ▓ KV cache      70.03 GiB   69.54 to 70.27
  · free           6.33 GiB\
""")


@pytest.mark.parametrize("columns", [48, 60, 80, 200])
def test_no_line_is_wider_than_the_screen(columns: int) -> None:
    for spec in ("rtx-4090", "8xh100-80gb", "cpu:64gb"):
        lines = text_of(plan_on(spec), columns=columns).splitlines()
        assert max(map(len, lines)) <= columns
        assert len(lines) <= (32 if columns >= 60 else 40)


def test_ascii_where_the_terminal_has_no_more() -> None:
    text = text_of(plan_on("4xrtx-4090", tensor_parallel=2), encoding="ascii")
    assert text.isascii()
    assert "#" in text
    assert "4 x NVIDIA GeForce RTX 4090" in text


def test_gpus_that_differ_have_bars_of_their_own(modelscan: Modelscan, tmp_path: Path) -> None:
    gib = 2**30
    devices = [
        {
            "index": index,
            "name": "NVIDIA GeForce RTX 4090",
            "memory_total_bytes": 24 * gib,
            "memory_free_bytes": free * gib,
            "compute_capability": "8.9",
        }
        for index, free in enumerate((23, 18, 23))
    ]
    path = tmp_path / "machine.json"
    path.write_text(json.dumps({"devices": devices, "cpu": {}}))
    options = ["--hardware", str(path), "--gpu", "0,1", "--quantization", "FP8"]
    shown = modelscan("plan", "meta-llama/llama-3.1-8b-instruct", *options).stdout.splitlines()
    bars = [line.partition(",")[0] for line in shown if line.startswith("GPU ")]
    unused = "GPU 2  NVIDIA GeForce RTX 4090: not needed"
    assert bars == ["GPU 0  NVIDIA GeForce RTX 4090", "GPU 1  NVIDIA GeForce RTX 4090", unused]


def test_a_mig_slice_is_not_its_neighbour() -> None:
    whole = machine("a100-80gb-sxm").devices[0]
    slices = tuple(
        replace(whole, uuid=f"MIG-{number}", mig_index=number, memory_usable_bytes=20 * 2**30, memory_free_bytes=None)
        for number in (0, 1)
    )
    request = PlanRequest(model="llama", gpus=("MIG-1",), quantization="FP8")
    plan = make_plan(None, [LLAMA], replace(machine("a100-80gb-sxm"), devices=slices), request, FACTS)
    lines = [line.partition("  ")[0] for line in text_of(plan).splitlines() if line.startswith("GPU")]
    assert lines == ["GPU 0:1", "GPU 0:0"]


def parts_of(candidate: Mapping[str, Any], part: str) -> int:
    return sum(line["estimate_bytes"] for line in candidate["arithmetic"] if line["part"] == part)


@pytest.mark.parametrize(
    ("model", "spec"),
    [
        ("deepseek/deepseek-r1", "8xh200-141gb"),
        ("openai/gpt-oss-120b", "h100-80gb"),
        ("qwen/qwen3-next-80b-a3b-instruct", "4xh100-80gb"),
        ("baai/bge-m3", "rtx-3060"),
        ("demo", "cpu:8gb"),
    ],
)
def test_every_line_of_the_arithmetic_adds_up(modelscan: Modelscan, model: str, spec: str) -> None:
    plan = modelscan("plan", model, "--hardware", spec, "--json").json
    for candidate in (plan["chosen"], *plan["alternatives"]):
        memory = candidate["memory_per_gpu"]
        for part in ("weights", "activations", "overhead", "kv_cache"):
            assert parts_of(candidate, part) == memory[f"{part}_bytes"]
        assert sum(line["estimate_bytes"] for line in candidate["arithmetic"]) == memory["total_bytes"]


@given(
    st.integers(2, 80),
    st.sampled_from([1, 2, 4, 8]),
    st.sampled_from(["rtx-3060", "rtx-4090", "2xrtx-3090", "8xh100-80gb", "mi300x", "cpu:64gb"]),
    st.sampled_from([None, "BF16", "FP8"]),
    st.sampled_from([None, "vllm", "sglang"]),
    st.none() | st.integers(1, 600),
)
def test_the_lines_that_are_shown_add_up_to_the_total(
    layers: int, kv_heads: int, spec: str, quantization: str | None, backend: str | None, concurrency: int | None
) -> None:
    shape = llama(num_hidden_layers=layers, num_key_value_heads=kv_heads, total_parameters=None)
    request = PlanRequest(model="x/y", quantization=quantization, backend=backend, max_concurrency=concurrency)
    plan = make_plan(None, [weights("x/y", shape)], machine(spec), request, FACTS)
    if plan.chosen is None:
        return
    rows = [_ROW.match(line) for line in explain(plan)]
    shown = [(row["sign"], int(row["bytes"].replace(",", ""))) for row in rows if row is not None]
    assert shown.pop() == ("=", sum(size for _, size in shown))
    assert sum(size for _, size in shown) == plan.chosen.memory_per_gpu.total_bytes


def test_what_is_explained_besides_the_sums() -> None:
    """Steps, captured graphs, blocks, the reserve, what others will take, and where shape, bounds and speed are from."""
    idle = machine("2xrtx-4090")
    busy = replace(idle.devices[0], memory_free_bytes=22 * 2**30)
    claim = Claim(deployment="other", gpu_index=0, claimed_bytes=5 * 2**30, outstanding_bytes=2**30)
    hardware = replace(idle, devices=(busy, idle.devices[1]))
    request = PlanRequest(model="llama", gpus=("0",), quantization="FP8")
    plan = make_plan(None, [LLAMA], hardware, request, FACTS)
    assert "\n".join(explain(plan, [LLAMA], [claim])) == snapshot("""\
Arithmetic of the GPU: bytes, with lower and upper bounds in GiB
    matrices        6,981,025,792     6.50     6.50   7B x 1 B: FP8, scales included
  + kept plain      2,101,870,592     1.96     1.96   1.1B x 2 B: embeddings, head, norms, routers, towers
  + correction         33,558,529    -0.24     0.30   to the known parameter count; positions, allocator
  + activations       226,492,416     0.16     0.26   a step of 2,048 tokens; sampling 64 sequences is less
  + libraries         146,800,640     0.04     0.39   CUDA kernels and workspaces beside PyTorch's memory
  + CUDA graphs       261,388,928     0.10     0.39   19 batch sizes, each with every layer
  + KV cache       12,905,873,408    11.62    12.35   6,154 blocks x 2.00 MiB, 16 tokens a block
  + rounding              503,402     0.00     0.00   less than one block
  = total          22,657,513,707                     at least 12.75 GiB for one request

Where the bounds come from
  weights: 3.2% at most: the error of counting from the shape in published starts
  activations: 162.00 MiB to 270.00 MiB: the error of the formula in published starts
  overhead: 139.71 MiB to 798.85 MiB: the spread of published start logs, mostly CUDA graphs
  KV cache: what the others leave, as their errors are independent; its low bound must hold one request

Usable memory
  a process can have 23.45 GiB of the GPU's 23.99 GiB
  `other` has yet to take 1.00 GiB of its 5.00 GiB, which does not count as free
  free on GPU 0, which has least: 22.00 GiB
  share: the least of 0.92 and (free - 768.00 MiB for the backend's context) / what a process can have, rounded down to a hundredth
  may be used: 21.10 GiB, passed to the backend as 0.9

Sources
  shape: the facts shipped with modelscan for meta-llama/Llama-3.1-8B-Instruct, confirmed; 8,030,261,248 parameters
  speed: roofline: 1008 GB/s x 0.8, 330.3 TFLOPS x 0.51 (FP8 computed natively) of RTX 4090, 2,048 tokens for one request; estimated, not measured: may be off by a factor of 1.6\
""")


def test_what_was_measured_is_shown_beside_what_was_predicted() -> None:
    measurement = Measurement(
        repo_id=LLAMA.repo_id,
        quantization="BF16",
        backend="vllm",
        backend_version="0.33.0",
        weights_bytes=15 * 2**30,
        at="2026-11-20T10:00:00Z",
    )
    plan = make_plan(None, [LLAMA], machine("h100-80gb"), PlanRequest(model="llama"), FACTS, measurements=[measurement])
    lines = explain(plan, [LLAMA])
    said = [line for line in lines if "measured" in line and "not measured" not in line]
    assert said == snapshot(
        [
            "    weights        16,106,127,360    14.92    15.08   as measured on this machine",
            "  measured: vllm 0.33.0 took 15.00 GiB for these weights on 2026-11-20, the estimate was 14.99 GiB; the measured figure is used",
        ]
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"commit": "0123abcd"}, "config.json of meta-llama/Llama-3.1-8B-Instruct at commit 0123abcd"),
        ({"source": "local_path", "location": "/models/llama"}, "config.json in /models/llama"),
        ({"verified": False}, "the facts shipped with modelscan for meta-llama/Llama-3.1-8B-Instruct, not confirmed"),
        ({}, "the facts shipped with modelscan for meta-llama/Llama-3.1-8B-Instruct, confirmed"),
    ],
)
def test_where_the_shape_is_from(changes: dict[str, Any], said: str) -> None:
    option = replace(LLAMA, **changes)
    plan = make_plan(None, [option], machine("h100-80gb"), PlanRequest(model="llama"), FACTS)
    (line,) = (line for line in explain(plan, [option]) if line.startswith("  shape: "))
    assert line.startswith(f"  shape: {said}")
