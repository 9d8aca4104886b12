"""Arguments of a backend that the planner knows become part of the request."""

from __future__ import annotations

import pytest

from modelscan.backends.arguments.folding import fold_arguments
from modelscan.errors import Usage
from modelscan.model import PlanRequest

REQUEST = PlanRequest(model="m")


@pytest.mark.parametrize(
    ("arguments", "field", "value"),
    [
        (["--max-num-seqs=8"], "max_concurrency", 8),
        (["--max-running-requests 8"], "max_concurrency", 8),
        (["--max-model-len", "4096"], "context_length", 4096),
        (["--max_model_len=4096"], "context_length", 4096),
        (["--context-length=4096"], "context_length", 4096),
        (["--max-model-len=auto"], "context_length", None),
        (["-tp 2"], "tensor_parallel", 2),
        (["--tp-size=2"], "tensor_parallel", 2),
        (["--tensor-parallel-size 2"], "tensor_parallel", 2),
        (["-pp", "2"], "pipeline_parallel", 2),
        (["--pp-size=2"], "pipeline_parallel", 2),
        (["--gpu-memory-utilization=0.8"], "gpu_memory_utilization", 0.8),
        (["--mem-fraction-static=0.8"], "gpu_memory_utilization", 0.8),
        (["--dtype=half"], "dtype", "float16"),
        (["--dtype=auto"], "dtype", None),
        (["-q fp8"], "quantization", "FP8"),
        (["--quantization=awq_marlin"], "quantization", "INT4"),
        (["--quantization=modelopt_fp4"], "quantization", "NVFP4"),
        (["--kv-cache-dtype=fp8"], "kv_cache_dtype", "fp8"),
        (["--kv-cache-dtype=auto"], "kv_cache_dtype", None),
        (["--enforce-eager"], "enforce_eager", True),
        (["--no-enforce-eager"], "enforce_eager", False),
        (["--disable-cuda-graph"], "enforce_eager", True),
        (["--revision=abc"], "revision", "abc"),
    ],
)
def test_what_the_planner_knows_enters_the_request(arguments: list[str], field: str, value: object) -> None:
    request, rest = fold_arguments(arguments, REQUEST)
    assert (getattr(request, field), rest) == (value, ())


def test_the_rest_is_kept_in_its_order() -> None:
    arguments = ["--seed 7", "--max-num-seqs=8", "--enable-prefix-caching", '--hf-overrides={"a": 1}']
    request, rest = fold_arguments(arguments, REQUEST)
    assert request == PlanRequest(model="m", max_concurrency=8)
    assert rest == ("--seed", "7", "--enable-prefix-caching", '--hf-overrides={"a": 1}')


def test_saying_the_same_twice_is_no_contradiction() -> None:
    request = PlanRequest(model="m", max_concurrency=8)
    assert fold_arguments(["--max-num-seqs=8"], request) == (request, ())


@pytest.mark.parametrize(
    ("request_", "argument", "message"),
    [
        (
            PlanRequest(model="m", max_concurrency=4),
            "--max-num-seqs=8",
            "`--max-num-seqs=8` contradicts `--max-concurrency 4`",
        ),
        (
            PlanRequest(model="m", context_length="max"),
            "--max-model-len 512",
            "`--max-model-len 512` contradicts `--context-length max`",
        ),
        (PlanRequest(model="m", quantization="INT4"), "-q fp8", "`-q fp8` contradicts `--quantization INT4`"),
    ],
)
def test_contradictions_are_said(request_: PlanRequest, argument: str, message: str) -> None:
    with pytest.raises(Usage) as raised:
        fold_arguments([argument], request_)
    assert raised.value.message == message


@pytest.mark.parametrize(
    "argument",
    [
        "--max-model-len=32k",
        "--max-num-seqs=0",
        "--max-num-seqs",
        "--gpu-memory-utilization=92",
        "--quantization=ascend",
    ],
)
def test_values_that_cannot_be_planned_for_are_refused(argument: str) -> None:
    with pytest.raises(Usage, match="cannot be planned"):
        fold_arguments([argument], REQUEST)
