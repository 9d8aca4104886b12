"""llama.cpp: its exact command lines, how it is known, and what the program of ours in its place understands."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from inline_snapshot import snapshot

from modelscan import dataclasses
from modelscan.backends.base import Launch
from modelscan.backends.llamacpp.allowed import ALLOWED
from modelscan.backends.registry import BACKENDS
from modelscan.errors import Usage
from modelscan.model import Candidate, Offload
from modelscan_serving.llamacpp.flags import SWITCHES, VALUED, BadFlag, apply_flags

LLAMACPP = BACKENDS["llamacpp"]
CHAT = Candidate(backend="llamacpp", repo_id="lab/chat", max_model_len=8192, max_num_seqs=4, quantization="Q4_K_M")
LAUNCH = Launch(
    location="/weights/chat-Q4_K_M-00001-of-00002.gguf",
    served_model_names=("chat", "lab/chat"),
    port=8081,
    device="cpu",
)
TAIL = " --metrics --no-slots --no-ui --offline --cors-origins https://nowhere.invalid --log-verbosity 4 --cache-ram 0"


def line(launch: Launch = LAUNCH, **changes: object) -> str:
    said = " ".join(LLAMACPP.command_line(dataclasses.replace(CHAT, **changes), launch).argv)
    return said.removeprefix(
        f"llama-server --model {LAUNCH.location} --alias chat,lab/chat --host 127.0.0.1 --port 8081 "
    )


def middle(**changes: object) -> str:
    launch = dataclasses.replace(LAUNCH, device="cuda")
    return line(launch, **{"gpu_indices": (0,), **changes}).removesuffix(TAIL)


def test_a_chat_model_on_the_cpu() -> None:
    command = LLAMACPP.command_line(CHAT, LAUNCH)
    assert " ".join(command.argv) == snapshot(
        "llama-server --model /weights/chat-Q4_K_M-00001-of-00002.gguf --alias chat,lab/chat --host 127.0.0.1 --port 8081"
        " --ctx-size 32768 --parallel 4 --device none --fit off --metrics --no-slots --no-ui --offline"
        " --cors-origins https://nowhere.invalid --log-verbosity 4 --cache-ram 0"
    )
    assert command.env == snapshot(
        {"DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}
    )


def test_layers_on_gpus_and_on_the_host() -> None:
    assert middle() == snapshot("--ctx-size 32768 --parallel 4 --gpu-layers all --fit off")
    one = Offload(gpu_layers=62, host_expert_layers=40, threads=32, split=(1.0,))
    assert middle(offload=one) == snapshot(
        "--ctx-size 32768 --parallel 4 --threads 32 --gpu-layers 62 --n-cpu-moe 40 --fit off"
    )
    two = Offload(gpu_layers=30, split=(3.0, 1.5))
    assert middle(offload=two, gpu_indices=(0, 2)) == snapshot(
        "--ctx-size 32768 --parallel 4 --gpu-layers 30 --tensor-split 3,1.5 --fit off"
    )
    on_cpu = line(offload=Offload(threads=8))
    assert on_cpu.startswith("--ctx-size 32768 --parallel 4 --threads 8 --device none --fit off")
    environment = LLAMACPP.command_line(
        dataclasses.replace(CHAT, gpu_indices=(0, 2)), dataclasses.replace(LAUNCH, device="cuda")
    ).env
    assert (environment["CUDA_VISIBLE_DEVICES"], environment["GGML_VK_VISIBLE_DEVICES"]) == ("0,2", "0,2")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (None, ""),
        ("auto", ""),
        ("q8_0", " --cache-type-k q8_0 --cache-type-v q8_0 --flash-attn on"),
        ("fp8", " --cache-type-k q8_0 --cache-type-v q8_0 --flash-attn on"),
        ("bfloat16", " --cache-type-k bf16 --cache-type-v bf16"),
    ],
)
def test_the_type_of_its_cache(asked: str | None, said: str) -> None:
    assert middle(kv_cache_dtype=asked) == f"--ctx-size 32768 --parallel 4 --gpu-layers all --fit off{said}"


def test_what_it_manages_by_itself_is_not_said() -> None:
    assert middle(max_model_len=None, max_num_seqs=None) == "--gpu-layers all --fit off"
    assert middle(max_num_seqs=None) == "--ctx-size 8192 --parallel 1 --gpu-layers all --fit off"


def test_embeddings_and_ranks_are_computed_in_one_step() -> None:
    words = LLAMACPP.runs.words_of_the_model("embed", {"temperature": 0.5}, "last_token")
    assert middle(task="embed", max_model_len=512, model_args=words) == snapshot(
        "--ctx-size 2048 --parallel 4 --gpu-layers all --fit off --embeddings --batch-size 512 --ubatch-size 512"
        " --pooling last"
    )
    assert middle(task="rerank", max_model_len=512, extra_args=("--ubatch-size=256",)) == snapshot(
        "--ctx-size 2048 --parallel 4 --gpu-layers all --fit off --reranking --metrics --no-slots --no-ui --offline"
        " --cors-origins https://nowhere.invalid --log-verbosity 4 --cache-ram 0 --ubatch-size 256"
    )


def test_a_repo_that_is_not_here_is_named_as_people_paste_it() -> None:
    launch = dataclasses.replace(LAUNCH, location="lab/chat-GGUF")
    words = LLAMACPP.command_line(CHAT, launch).argv
    assert words[:4] == ("llama-server", "--hf-repo", "lab/chat-GGUF:Q4_K_M", "--alias")
    assert "--offline" not in words


def test_pictures_need_the_projector() -> None:
    launch = dataclasses.replace(LAUNCH, projector="/weights/mmproj-F16.gguf")
    words = LLAMACPP.command_line(CHAT, launch).argv
    assert words[words.index("--mmproj") + 1] == "/weights/mmproj-F16.gguf"


def test_defaults_of_requests_and_what_the_user_adds() -> None:
    words = LLAMACPP.runs.words_of_the_model("chat", {"temperature": 0.0, "top_p": 0.9, "max_tokens": 64}, None)
    said = middle(model_args=words, extra_args=("--cache-ram=512", "--top-p=0.5", "--no-warmup"))
    assert said == snapshot(
        "--ctx-size 32768 --parallel 4 --gpu-layers all --fit off --temp 0 --metrics --no-slots --no-ui --offline"
        " --cors-origins https://nowhere.invalid --log-verbosity 4 --cache-ram 512 --top-p 0.5 --no-warmup"
    )


@pytest.mark.parametrize(
    ("argument", "why"),
    [
        ("--rpc=10.0.0.1:50052", "not an argument that modelscan passes"),
        ("--host=0.0.0.0", "modelscan chooses the address"),
        ("--hf-repo=lab/other", "not an argument that modelscan passes"),
        ("--model-draft=/x.gguf", "not an argument that modelscan passes"),
        ("--tools=all", "not an argument that modelscan passes"),
        ("--api-key-file=/etc/passwd", "not an argument that modelscan passes"),
        ("--slot-save-path=/tmp", "not an argument that modelscan passes"),
        ("--gpu-layers=10", "the plan lays out the layers"),
        ("--ctx-size=4096", "it affects the plan: use --context-length"),
        ("--no-warmup=1", "takes no value"),
    ],
)
def test_what_it_is_refused(argument: str, why: str) -> None:
    with pytest.raises(Usage) as refused:
        LLAMACPP.runs.check_arguments([argument], {})
    assert why in " ".join(refused.value.cause)


@pytest.mark.parametrize("name", ["LLAMA_ARG_HOST", "LLAMA_API_KEY", "GGML_BACKEND_PATH", "LLAMA_CACHE"])
def test_variables_that_are_arguments_files_or_keys_are_refused(name: str) -> None:
    LLAMACPP.runs.check_arguments([], {"GGML_CUDA_DISABLE_GRAPHS": "1"})
    with pytest.raises(Usage):
        LLAMACPP.runs.check_arguments([], {name: "x"})


def test_its_key_stands_twice_in_a_file_so_that_its_log_shows_no_part_of_it() -> None:
    words = LLAMACPP.command_line(CHAT, dataclasses.replace(LAUNCH, api_key_env="MY_KEY")).argv
    assert words[words.index("--api-key-file") + 1] == "key.txt"
    assert LLAMACPP.runs.hand_key("abc").files == {"key.txt": "abc\nabc\n"}
    for wrong in ("#abc", " abc", "a\nb", ""):
        with pytest.raises(Usage, match="would read another"):
            LLAMACPP.runs.hand_key(wrong)


def test_relief_leaves_the_layers_to_itself() -> None:
    planned = LLAMACPP.command_line(
        dataclasses.replace(
            CHAT, gpu_indices=(0, 1), offload=Offload(gpu_layers=62, host_expert_layers=3, split=(1.0, 1.0))
        ),
        dataclasses.replace(LAUNCH, device="cuda"),
    ).argv
    found = LLAMACPP.runs.relieved(planned)
    assert found is not None
    argv, said = found
    assert " ".join(argv).endswith(f"--port 8081 --ctx-size 32768 --parallel 4 --fit on{TAIL}")
    assert "--fit on" in said
    assert LLAMACPP.runs.relieved(argv) is None


@pytest.mark.parametrize(
    ("answer", "version", "device"),
    [
        ("version: 5581 (7e4c0a9)\nbuilt with cc (Debian 12.2.0) for x86_64-linux-gnu\n", "5581", None),
        ("version: 0.2.0 (build 10434, commit 7e4c0a9)\nbuilt with GNU 11.4.0 for Linux x86_64\n", "10434", None),
        ("version: 0.1.0-dev (build 1, commit 7e4c0a9)\nbuilt with GNU 11.4.0 for Linux x86_64\n", "0.1.0-dev", None),
        ("ggml_cuda_init: found 2 CUDA devices:\n  Device 0: NVIDIA\nversion: 5581 (7e4c0a9)\n", "5581", "cuda"),
        ("ggml_cuda_init: found 1 ROCm devices:\nversion: 5581 (7e4c0a9)\n", "5581", "rocm"),
        ("Available devices:\n  (none)\n", None, None),
        ("Available devices:\n  CUDA0: NVIDIA H200 (143771 MiB, 143000 MiB free)\n", None, "cuda"),
        ("Available devices:\n  ROCm0: AMD Instinct MI300X (196592 MiB, 196000 MiB free)\n", None, "rocm"),
        ("Available devices:\n  Vulkan0: AMD Radeon Graphics (RADV) (65536 MiB, 65000 MiB free)\n", None, "rocm"),
        ("Available devices:\n  Vulkan0: NVIDIA GeForce RTX 4090 (24564 MiB, 24000 MiB free)\n", None, "cuda"),
    ],
)
def test_a_build_of_the_users_is_known_by_what_it_says(answer: str, version: str | None, device: str) -> None:
    probes = LLAMACPP.probes
    assert (probes.read_version(answer), probes.read_device(answer)) == (version, device)


def test_it_serves_text_and_reads_gguf_only() -> None:
    tasks = ("chat", "completion", "embed", "rerank", "speech-to-text")
    assert [LLAMACPP.runs.serves(task) for task in tasks] == [True, True, True, True, False]
    assert LLAMACPP.runs.formats == {"gguf"}
    text = "llamacpp:requests_processing 1\nllamacpp:requests_deferred 2\nllamacpp:n_decode_total 34\n"
    activity = LLAMACPP.explains.read_metrics(text)
    assert activity is not None
    assert (activity.requests, activity.work) == (3, 34)


# Our program: a stand-in for the library, of which flags only set attributes.


class Pooling(Enum):
    LLAMA_POOLING_TYPE_MEAN = 1
    LLAMA_POOLING_TYPE_RANK = 4


class Kind(Enum):
    GGML_TYPE_F16 = 1
    GGML_TYPE_Q8_0 = 8


class Flash(Enum):
    LLAMA_FLASH_ATTN_TYPE_ENABLED = 1


class Marks(Enum):
    COMMON_PARAMS_SAMPLING_CONFIG_TEMP = 64


LIBRARY = SimpleNamespace(
    llama_pooling_type=Pooling, ggml_type=Kind, llama_flash_attn_type=Flash, common_params_sampling_config=Marks
)


@dataclass
class Parameters:
    model: Any = field(default_factory=SimpleNamespace)
    mmproj: Any = field(default_factory=SimpleNamespace)
    cpuparams: Any = field(default_factory=SimpleNamespace)
    cpuparams_batch: Any = field(default_factory=SimpleNamespace)
    sampling: Any = field(default_factory=lambda: SimpleNamespace(user_sampling_config=0))


def applied(*words: str) -> dict[str, Any]:
    parameters = Parameters()
    apply_flags(words, LIBRARY, parameters)
    found = vars(parameters)
    return {name: vars(value) if isinstance(value, SimpleNamespace) else value for name, value in found.items()}


def test_ours_understands_what_is_emitted(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("# of today\nabc\nabc\n")
    candidate = dataclasses.replace(
        CHAT, task="embed", kv_cache_dtype="q8_0", offload=Offload(threads=2), model_args=("--pooling=mean", "--temp=0")
    )
    launch = dataclasses.replace(LAUNCH, api_key_env="MY_KEY", projector="/weights/mmproj.gguf")
    words = LLAMACPP.command_line(candidate, launch).argv[1:]
    assert applied(*(str(keys) if word == "key.txt" else word for word in words)) == snapshot(
        {
            "model": {"path": "/weights/chat-Q4_K_M-00001-of-00002.gguf"},
            "mmproj": {"path": "/weights/mmproj.gguf"},
            "cpuparams": {"n_threads": 2},
            "cpuparams_batch": {},
            "sampling": {"user_sampling_config": 64, "temp": 0.0},
            "model_alias": {"chat", "lab/chat"},
            "hostnames": ["127.0.0.1"],
            "port": 8081,
            "n_ctx": 32768,
            "n_parallel": 4,
            "fit_params": False,
            "cache_type_k": Kind.GGML_TYPE_Q8_0,
            "cache_type_v": Kind.GGML_TYPE_Q8_0,
            "flash_attn_type": Flash.LLAMA_FLASH_ATTN_TYPE_ENABLED,
            "embedding": True,
            "n_batch": 8192,
            "n_ubatch": 8192,
            "api_keys": ["abc", "abc"],
            "pooling_type": Pooling.LLAMA_POOLING_TYPE_MEAN,
            "endpoint_metrics": True,
            "endpoint_slots": False,
            "ui": False,
            "offline": True,
            "cors_origins": "https://nowhere.invalid",
            "cors_origins_explicit": True,
            "verbosity": 4,
            "cache_ram_mib": 0,
        }
    )
    assert applied("--reranking")["pooling_type"] is Pooling.LLAMA_POOLING_TYPE_RANK


def test_ours_understands_all_that_a_user_may_add() -> None:
    assert ALLOWED.switches <= SWITCHES.keys()
    assert ALLOWED.valued | ALLOWED.choices.keys() <= VALUED.keys()
    assert {applied("--timeout", "9")[name] for name in ("timeout_read", "timeout_write")} == {9}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--bogus", "1"), "error: invalid argument: --bogus"),
        (("--gpu-layers", "1"), "error: invalid argument: --gpu-layers"),
        (("--port",), 'error while handling argument "--port": expected value for argument'),
        (("--cache-type-k", "q9"), 'error while handling argument "--cache-type-k": unknown value `q9`'),
        (("--flash-attn", "maybe"), 'error while handling argument "--flash-attn": unknown value `maybe`'),
        (("--fit", "perhaps"), 'error while handling argument "--fit": unknown value `perhaps`'),
        (("--device", "CUDA0"), 'error while handling argument "--device": this build computes on the CPU only'),
    ],
)
def test_ours_refuses_what_it_does_not_know_as_llama_server_does(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(BadFlag) as refused:
        applied(*words)
    assert str(refused.value) == said


def test_ours_refuses_a_file_without_a_key(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("# none\n")
    for name in ("keys", "missing"):
        with pytest.raises(BadFlag, match="--api-key-file"):
            applied("--api-key-file", str(tmp_path / name))
