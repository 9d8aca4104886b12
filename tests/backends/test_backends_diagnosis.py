"""Why a backend ended. The excerpts are lines as the backends write them, shortened."""

from __future__ import annotations

import pytest

from modelscan.backends.base import Diagnosis
from modelscan.backends.registry import BACKENDS

VLLM, SGLANG = BACKENDS["vllm"], BACKENDS["sglang"]
ERROR = "(EngineCore pid=42) ERROR 11-21 05:01:02 [core.py:1] "
CONSEQUENCE = (
    "(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above. "
    "Failed core proc(s): {'EngineCore': 1}"
)


def test_a_kv_cache_that_is_too_small_suggests_the_length_that_fits() -> None:
    message = (
        "ValueError: To serve at least one request with the model's max seq len (8192), (0.18 GiB KV cache is needed, "
        "which is larger than the available KV cache memory (0.02 GiB). Based on the available memory, the estimated "
        "maximum model length is 640. Try increasing `gpu_memory_utilization`."
    )
    assert VLLM.diagnose(f"{ERROR}{message}\n{CONSEQUENCE}\n", 1) == Diagnosis(
        cause="the KV cache is too small for a context length of 8192: 640 fits",
        evidence=message,
        hints=("deploy again with --context-length 640",),
        suggested={"context_length": 640},
    )


def test_a_kv_cache_in_which_no_length_fits() -> None:
    message = (
        "ValueError: To serve at least one request with the model's max seq len (64), (0.18 GiB KV cache is needed, "
        "which is larger than the available KV cache memory (0.00 GiB). Try increasing"
    )
    found = VLLM.diagnose(ERROR + message, 1)
    assert (found.cause, found.suggested) == ("the KV cache is too small for a context length of 64", {})


def test_a_context_length_above_the_models_limit() -> None:
    found = VLLM.diagnose(
        "  Value error, User-specified max_model_len (8192) is greater than the derived max_model_len "
        "(max_position_embeddings=2048 or model_max_length=None in model's config.json).",
        1,
    )
    assert found.cause == "the context length 8192 is above the model's own limit of 2048"
    assert found.suggested == {"context_length": 2048}


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (
            "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization`",
            "the weights leave no memory for the KV cache",
        ),
        (
            "ValueError: Free memory on device cuda:0 (10.5/79.1 GiB) on startup is less than desired GPU memory utilization (0.92, 72.8 GiB).",
            "only 10.5 of 79.1 GiB of the GPU are free, less than the share of 0.92 that was planned",
        ),
        ("Failed to load model - not enough GPU memory. Try", "the weights do not fit into the GPU's memory"),
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.", "the GPU ran out of memory"),
        ("RuntimeError: CUDA error: out of memory", "the GPU ran out of memory"),
        ("RuntimeError: DefaultCPUAllocator: can't allocate memory", "the machine ran out of memory"),
        ("OSError: [Errno 28] No space left on device", "a disk or the shared memory is full"),
        ("OSError: [Errno 98] Address already in use", "the port is taken by another program"),
        (
            "RuntimeError: The NVIDIA driver on your system is too old (found version 12040).",
            "the NVIDIA driver is too old for this build of the backend",
        ),
        (
            "RuntimeError: CUDA error: no kernel image is available for execution on the device",
            "this build of the backend has no code for this GPU",
        ),
        ("RuntimeError: Failed to infer device type", "the backend sees no GPU"),
        ("RuntimeError: NCCL error: unhandled system error", "the GPUs could not talk to one another (NCCL)"),
        (
            "RuntimeError: CUDA error: an illegal memory access was encountered",
            "the GPU reported an error: an illegal memory access was encountered",
        ),
        (
            "ImportError: libnvrtc.so.13: cannot open shared object file: No such file",
            "the library `libnvrtc.so.13` is missing",
        ),
        ("huggingface_hub.errors.GatedRepoError: 403", "the weights are gated: their licence must be accepted first"),
        ("401 Client Error: Unauthorized", "the hub does not know the repo, or not this user"),
        (
            "huggingface_hub.errors.LocalEntryNotFoundError: x",
            "files of the weights are missing and the backend may not fetch them",
        ),
        (
            "RuntimeError: Cannot find any model weights with `/weights`",
            "the folder holds no weights that the backend can load",
        ),
        ("SafetensorError: Error while deserializing header: HeaderTooLarge", "a file of the weights is damaged"),
        (
            "RuntimeError: Failed to load the model config. consider setting `trust_remote_code=True` in LLM",
            "the model runs code of its own, which was not allowed",
        ),
        (
            "ValueError: Model architectures ['NewForCausalLM'] are not supported for now. Supported: x",
            "this version of the backend does not know the architecture `NewForCausalLM`",
        ),
        (
            "The checkpoint you are trying to load has model type `newer` but Transformers does not recognize this",
            "this version of the backend does not know the architecture `newer`",
        ),
        (
            "ValueError: The quantization method fp8 is not supported for the current GPU. Minimum capability: 75.",
            "this GPU or this version of the backend cannot run the quantization",
        ),
        ("ValueError: Bfloat16 is only supported on GPUs", "the weights cannot be computed in the chosen type"),
        ("ValueError: Couldn't instantiate the backend tokenizer from one of", "the tokenizer could not be loaded"),
        (
            "Total number of attention heads (14) must be divisible by tensor parallel size (4).",
            "14 attention heads cannot be divided among 4 GPUs",
        ),
        (
            "ModuleNotFoundError: No module named 'triton'",
            "the environment of the backend lacks the module `triton`",
        ),
        (
            "vllm: error: unrecognized arguments: --x",
            "the backend does not accept its arguments: unrecognized arguments: --x",
        ),
    ],
)
def test_known_ends_of_vllm(line: str, cause: str) -> None:
    found = VLLM.diagnose(f"{ERROR}Traceback (most recent call last):\n{ERROR}{line}\n{CONSEQUENCE}\n", 1)
    assert found.cause == cause
    assert found.evidence == line
    assert found.hints


def test_a_process_inside_that_the_kernel_killed() -> None:
    found = VLLM.diagnose(CONSEQUENCE.replace("1}", "-9}"), 1)
    assert "most likely by the kernel" in found.cause


@pytest.mark.parametrize("exit_code", [-9, 137])
def test_a_kill_with_nothing_in_the_log(exit_code: int) -> None:
    found = VLLM.diagnose("INFO 11-21 05:01:02 [core.py:1] Loading weights\n", exit_code)
    assert found.cause == "vLLM ended: it was killed, most likely by the kernel because the machine ran out of memory"
    assert found.evidence == "Loading weights"


def test_sglang_kills_itself_and_the_root_is_the_error_above() -> None:
    log = (
        "[2026-11-21 05:01:02] Scheduler hit an exception: Traceback (most recent call last):\n"
        "{}\n"
        "[2026-11-21 05:01:02] Received sigquit from a child process. It usually means the child failed.\n"
        "Killed\n"
    )
    no_room = "ValueError: Loaded weights leave no GPU memory for the KV cache under --mem-fraction-static=1e-05."
    assert SGLANG.diagnose(log.format(no_room), 137).cause == "the weights leave no memory for the KV cache"
    unknown = SGLANG.diagnose(log.format("AssertionError: strange"), -9)
    assert unknown.cause == "SGLang ended with exit status -9: AssertionError: strange"
    assert "kernel" in SGLANG.diagnose("Load weight begin.", -9).cause


def test_a_killed_process_of_sglang_is_named() -> None:
    # sglang 0.5.23 on a CPU, after kill -9 of the scheduler: the launcher then ends with 137.
    log = (
        "[2026-11-21 07:46:29] Subprocess scheduler_0 (pid=16073) crashed with exit code -9. Triggering SIGQUIT for"
        " cleanup...\n"
        "[2026-11-21 07:46:29] SIGQUIT received. signum=None, frame=None. It usually means one child failed.\n"
        "[2026-11-21 07:46:34] kill_process_tree called: parent_pid=16065, include_parent=True, pid=16065"
    )
    found = SGLANG.diagnose(log, 137)
    assert found.cause == "its scheduler was killed with SIGKILL: by the kernel for want of memory, or by hand"


def test_a_context_length_above_the_limit_in_sglang() -> None:
    found = SGLANG.diagnose(
        "ValueError: Warning: User-specified context_length (8192) is greater than the derived context_length (2048).",
        1,
    )
    assert found.suggested == {"context_length": 2048}


def test_an_error_that_nobody_knows_is_quoted_from_its_root() -> None:
    found = VLLM.diagnose(f"{ERROR}KeyError: 'lm_head'\n{CONSEQUENCE}\nlast words\n", 1)
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
