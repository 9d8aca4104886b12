"""The exact command lines of SGLang."""

from __future__ import annotations

import pytest
import yaml

from modelscan import dataclasses
from modelscan.backends.base import Launch
from modelscan.backends.registry import BACKENDS
from modelscan.errors import Usage
from modelscan.model import Candidate
from modelscan.units import GIB

SGLANG = BACKENDS["sglang"]
CHAT = Candidate(
    backend="sglang",
    repo_id="lab/chat",
    gpu_indices=(0,),
    dtype="bfloat16",
    max_model_len=32768,
    max_num_seqs=64,
    gpu_memory_utilization=0.85,
)
LAUNCH = Launch(location="/weights/chat", served_model_names=("chat", "lab/chat"), port=8081)
HEAD = "sglang serve --model-path /weights/chat --served-model-name chat --host 127.0.0.1 --port 8081"
TAIL = "--enable-metrics --log-level-http warning"
QUIET = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "SGLANG_ENABLE_HEALTH_ENDPOINT_GENERATION": "0",
    "DISABLE_OPENAPI_DOC": "1",
}


def line(**changes: object) -> str:
    return " ".join(SGLANG.command_line(dataclasses.replace(CHAT, **changes), LAUNCH).argv)


def test_a_chat_model_on_one_gpu() -> None:
    command = SGLANG.command_line(CHAT, LAUNCH)
    assert " ".join(command.argv) == (
        f"{HEAD} --dtype bfloat16 --context-length 32768 --max-running-requests 64 --mem-fraction-static 0.85 {TAIL}"
    )
    assert command.env == QUIET | {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": "0"}


@pytest.mark.parametrize("task", ["embed", "rerank"])
def test_an_embedding_and_a_rerank_model(task: str) -> None:
    assert line(task=task, max_model_len=512) == (
        f"{HEAD} --dtype bfloat16 --context-length 512 --max-running-requests 64 --is-embedding "
        f"--mem-fraction-static 0.85 {TAIL}"
    )


def test_whisper_needs_no_argument_of_its_own() -> None:
    assert line(task="speech-to-text", max_model_len=448) == (
        f"{HEAD} --dtype bfloat16 --context-length 448 --max-running-requests 64 --mem-fraction-static 0.85 {TAIL}"
    )


def test_all_that_a_plan_can_say_in_long_names() -> None:
    said = line(
        load_quantization="fp8",
        kv_cache_dtype="fp8",
        tensor_parallel=2,
        pipeline_parallel=2,
        data_parallel=2,
        enforce_eager=True,
        trust_remote_code=True,
        extra_args=("--disable-radix-cache",),
    )
    assert said == (
        f"{HEAD} --dtype bfloat16 --quantization fp8 --context-length 32768 --max-running-requests 64 "
        "--kv-cache-dtype fp8_e4m3 --tp-size 2 --pp-size 2 --dp-size 2 --mem-fraction-static 0.85 "
        "--cuda-graph-backend-decode disabled --cuda-graph-backend-prefill disabled --trust-remote-code "
        f"{TAIL} --disable-radix-cache"
    )


def test_on_the_cpu_the_pool_is_capped_in_tokens() -> None:
    candidate = dataclasses.replace(
        CHAT,
        gpu_indices=(),
        dtype="float32",
        max_model_len=2048,
        max_num_seqs=8,
        gpu_memory_utilization=None,
        kv_cache_tokens=8192,
        enforce_eager=True,
    )
    command = SGLANG.command_line(candidate, dataclasses.replace(LAUNCH, device="cpu"))
    assert " ".join(command.argv) == (
        f"{HEAD} --dtype float32 --context-length 2048 --max-running-requests 8 "
        "--device cpu --attention-backend torch_native --sampling-backend pytorch --disable-overlap-schedule "
        f"--max-total-tokens 8192 {TAIL}"
    )
    assert command.env == QUIET | {"CUDA_VISIBLE_DEVICES": "", "SGLANG_USE_CPU_ENGINE": "1"}


def test_a_repo_is_given_with_its_revision() -> None:
    launch = dataclasses.replace(LAUNCH, location="lab/chat", program="/env/bin/sglang")
    command = SGLANG.command_line(dataclasses.replace(CHAT, revision="abc123"), launch)
    assert command.argv[:4] == ("/env/bin/sglang", "serve", "--model-path", "lab/chat")
    assert command.argv[command.argv.index("--revision") + 1] == "abc123"
    assert "HF_HUB_OFFLINE" not in command.env


def test_a_key_goes_into_a_file_of_arguments_and_not_onto_the_command_line() -> None:
    command = SGLANG.command_line(CHAT, dataclasses.replace(LAUNCH, api_key_env="MY_KEY"))
    assert command.argv[command.argv.index("--config") + 1] == "key.yaml"
    assert "MY_KEY" not in " ".join(command.argv)
    handed = SGLANG.runs.hand_key('a "quoted" key: #1')
    assert yaml.safe_load(handed.files["key.yaml"]) == {"api-key": 'a "quoted" key: #1'}
    assert handed.env == {}
    with pytest.raises(Usage, match="begins with"):
        SGLANG.runs.hand_key("-dash")


def test_what_it_serves_and_takes_for_itself() -> None:
    assert SGLANG.runs.serves("embed")
    assert not SGLANG.runs.serves("text-to-speech")
    assert SGLANG.runs.health_path() == "/health"
    estimates = SGLANG.estimates
    assert estimates is not None
    overheads = [estimates.fixed_overhead(device) for device in ("cpu", "cuda", "rocm")]
    assert [round(size / GIB, 1) for size in overheads] == [2.0, 1.5, 2.0]
