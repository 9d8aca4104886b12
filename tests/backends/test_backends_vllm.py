"""The exact command lines of vLLM."""

from __future__ import annotations

import pytest

from modelscan import dataclasses
from modelscan.backends.base import Launch
from modelscan.backends.registry import BACKENDS
from modelscan.errors import Usage
from modelscan.model import Candidate, Device, MemoryPerGpu
from modelscan.units import GIB, MIB

VLLM = BACKENDS["vllm"]
CHAT = Candidate(
    backend="vllm",
    repo_id="lab/chat",
    gpu_indices=(0,),
    dtype="bfloat16",
    max_model_len=32768,
    max_num_seqs=64,
    gpu_memory_utilization=0.92,
)
LAUNCH = Launch(location="/weights/chat", served_model_names=("chat", "lab/chat"), port=8081)

CLOSED = "--allowed-origins [] --disable-fastapi-docs --disable-uvicorn-access-log"
QUIET = {"DO_NOT_TRACK": "1", "VLLM_NO_USAGE_STATS": "1", "VLLM_ENGINE_READY_TIMEOUT_S": "86400"}
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


def line(launch: Launch = LAUNCH, **changes: object) -> str:
    return " ".join(VLLM.command_line(dataclasses.replace(CHAT, **changes), launch).argv)


def test_a_chat_model_on_one_gpu() -> None:
    command = VLLM.command_line(CHAT, LAUNCH)
    assert " ".join(command.argv) == (
        "vllm serve /weights/chat --served-model-name chat lab/chat --host 127.0.0.1 --port 8081 "
        f"--dtype bfloat16 --max-model-len 32768 --max-num-seqs 64 --gpu-memory-utilization 0.92 {CLOSED}"
    )
    assert command.env == QUIET | OFFLINE | {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": "0"}


def test_what_may_sleep_listens_on_a_socket() -> None:
    """The developer mode, which has the routes for it, opens others: nobody reaches those by a port."""
    command = VLLM.command_line(CHAT, dataclasses.replace(LAUNCH, socket="/state/id/socket", sleep=True))
    text = " ".join(command.argv)
    assert " --uds /state/id/socket " in text
    assert text.endswith(f"{CLOSED} --enable-sleep-mode")
    assert not {"--host", "--port"} & set(command.argv)
    assert command.env["VLLM_SERVER_DEV_MODE"] == "1"
    assert "VLLM_SERVER_DEV_MODE" not in VLLM.command_line(CHAT, LAUNCH).env
    with pytest.raises(Usage):
        VLLM.runs.check_arguments((), {"VLLM_SERVER_DEV_MODE": "1"})
    with pytest.raises(Usage):
        VLLM.runs.check_arguments(("--enable-sleep-mode",), {})


@pytest.mark.parametrize("task", ["embed", "rerank"])
def test_an_embedding_and_a_rerank_model_run_as_pooling(task: str) -> None:
    assert line(task=task, max_model_len=8192, kv_cache_tokens=65536) == (
        "vllm serve /weights/chat --served-model-name chat lab/chat --host 127.0.0.1 --port 8081 --runner pooling "
        f"--dtype bfloat16 --max-model-len 8192 --max-num-seqs 64 --gpu-memory-utilization 0.92 {CLOSED}"
    )


def test_an_encoder_keeps_no_cache_and_its_length_is_left_to_its_own_files() -> None:
    assert line(task="embed", max_model_len=512) == (
        "vllm serve /weights/chat --served-model-name chat lab/chat --host 127.0.0.1 --port 8081 --runner pooling "
        f"--dtype bfloat16 --max-num-seqs 64 --gpu-memory-utilization 0.92 {CLOSED}"
    )
    assert "--max-model-len 256" in line(task="embed", max_model_len=256, explicit=("context_length",))


def test_whisper_needs_no_argument_of_its_own() -> None:
    assert line(task="speech-to-text", dtype="float16", max_model_len=448, max_num_seqs=None) == (
        "vllm serve /weights/chat --served-model-name chat lab/chat --host 127.0.0.1 --port 8081 "
        f"--dtype float16 --max-model-len 448 --gpu-memory-utilization 0.92 {CLOSED}"
    )


def test_all_that_a_plan_can_say() -> None:
    said = line(
        load_quantization="fp8",
        kv_cache_dtype="fp8",
        tensor_parallel=2,
        pipeline_parallel=2,
        data_parallel=2,
        enforce_eager=True,
        trust_remote_code=True,
        extra_args=("--seed 7", "--enable-prefix-caching", '--hf-overrides {"a": "b c"}'),
    )
    assert said == (
        "vllm serve /weights/chat --served-model-name chat lab/chat --host 127.0.0.1 --port 8081 "
        "--dtype bfloat16 --quantization fp8 --max-model-len 32768 --max-num-seqs 64 --kv-cache-dtype fp8 "
        "--tensor-parallel-size 2 --pipeline-parallel-size 2 --data-parallel-size 2 "
        f"--gpu-memory-utilization 0.92 --enforce-eager --trust-remote-code {CLOSED} "
        '--seed 7 --enable-prefix-caching --hf-overrides {"a": "b c"}'
    )


def test_an_automatic_kv_cache_type_is_not_said() -> None:
    assert "--kv-cache-dtype" not in line(kv_cache_dtype="auto")


def test_on_the_cpu_the_kv_cache_is_given_in_bytes_and_no_gpu_is_seen() -> None:
    candidate = dataclasses.replace(
        CHAT,
        gpu_indices=(),
        dtype="float32",
        max_model_len=2048,
        max_num_seqs=8,
        gpu_memory_utilization=None,
        memory_per_gpu=MemoryPerGpu(kv_cache_bytes=1 * GIB),
    )
    command = VLLM.command_line(candidate, dataclasses.replace(LAUNCH, device="cpu", program="/env/bin/vllm"))
    assert " ".join(command.argv) == (
        "/env/bin/vllm serve /weights/chat --served-model-name chat lab/chat --host 127.0.0.1 --port 8081 "
        "--dtype float32 --max-model-len 2048 --max-num-seqs 8 "
        f"--kv-cache-memory-bytes 1073741824 --enforce-eager {CLOSED}"
    )
    assert command.env == QUIET | OFFLINE | {"CUDA_VISIBLE_DEVICES": ""}


def test_an_encoder_on_the_cpu_asks_for_no_share_of_all_memory() -> None:
    launch = dataclasses.replace(LAUNCH, device="cpu")
    candidate = dataclasses.replace(CHAT, task="embed", gpu_indices=(), gpu_memory_utilization=None)
    argv = VLLM.command_line(candidate, launch).argv
    assert argv[argv.index("--kv-cache-memory-bytes") + 1] == str(16 * MIB)


def test_a_repo_is_given_with_its_revision_and_may_be_fetched() -> None:
    launch = dataclasses.replace(LAUNCH, location="lab/chat")
    command = VLLM.command_line(dataclasses.replace(CHAT, revision="abc123"), launch)
    assert command.argv[2] == "lab/chat"
    assert command.argv[command.argv.index("--revision") + 1] == "abc123"
    assert not OFFLINE.keys() & command.env.keys()
    assert "--revision" not in line(revision="abc123")


def test_weights_in_s3_are_read_by_the_streamer_and_nothing_else_is_fetched() -> None:
    launch = dataclasses.replace(LAUNCH, location="s3://bucket/chat", own_folder="/state/1/assets")
    candidate = dataclasses.replace(
        CHAT, source="s3", revision="etags:0011", model_args=("--load-format=mistral", "--tokenizer-mode=mistral")
    )
    command = VLLM.command_line(candidate, launch)
    assert command.argv[2] == "s3://bucket/chat"
    assert " ".join(command.argv).count("--load-format") == 1
    assert command.argv[command.argv.index("--load-format") + 1] == "runai_streamer"
    assert "--revision" not in command.argv
    assert "--tokenizer-mode=mistral" in command.argv
    expected = {
        "VLLM_ASSETS_CACHE": "/state/1/assets", "RUNAI_STREAMER_NO_BOTO3_SESSION": "0", "RUNAI_STREAMER_MEMORY_LIMIT": "0",
    }  # fmt: skip
    assert {name: command.env[name] for name in (*OFFLINE, *expected)} == OFFLINE | expected
    assert not expected.keys() & VLLM.command_line(CHAT, LAUNCH).env.keys()


@pytest.mark.parametrize(
    ("device", "changes", "expected"),
    [
        ("cuda", {"gpu_indices": (1, 3)}, {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": "1,3"}),
        ("rocm", {"gpu_indices": (0, 2)}, {"HIP_VISIBLE_DEVICES": "0,2"}),
        (
            "cuda",
            {"gpu_indices": (0,), "gpu_uuids": ("MIG-aa",)},
            {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": "MIG-aa"},
        ),
        ("cuda", {"gpu_indices": ()}, {}),
    ],
)
def test_the_gpus_of_the_plan_are_the_ones_seen(
    device: Device, changes: dict[str, object], expected: dict[str, str]
) -> None:
    command = VLLM.command_line(dataclasses.replace(CHAT, **changes), dataclasses.replace(LAUNCH, device=device))
    assert command.env == QUIET | OFFLINE | expected


def test_the_key_and_its_variable_stay_out() -> None:
    launch = dataclasses.replace(LAUNCH, api_key_env="MY_KEY")
    assert VLLM.command_line(CHAT, launch) == VLLM.command_line(CHAT, LAUNCH)


def test_what_the_user_added_comes_last_in_the_environment() -> None:
    candidate = dataclasses.replace(CHAT, extra_env={"VLLM_NO_USAGE_STATS": "0", "OMP_NUM_THREADS": "2"})
    env = VLLM.command_line(candidate, LAUNCH).env
    assert (env["VLLM_NO_USAGE_STATS"], env["OMP_NUM_THREADS"]) == ("0", "2")


def test_refused_arguments_and_variables_raise_on_the_way_too() -> None:
    with pytest.raises(Usage, match="--host"):
        line(extra_args=("--host=0.0.0.0",))
    with pytest.raises(Usage, match="LD_PRELOAD"):
        line(extra_env={"LD_PRELOAD": "x.so"})


def test_what_it_serves_and_takes_for_itself() -> None:
    assert VLLM.runs.serves("chat")
    assert VLLM.runs.serves("speech-to-text")
    assert not VLLM.runs.serves("text-to-image")
    assert VLLM.runs.health_path() == "/health"
    estimates = VLLM.estimates
    assert estimates is not None
    overheads = [estimates.fixed_overhead(device) for device in ("cpu", "cuda", "rocm")]
    assert [round(size / GIB, 1) for size in overheads] == [1.7, 1.0, 1.5]
