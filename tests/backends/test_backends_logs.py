"""What the backends' logs say on the way to being ready."""

from __future__ import annotations

import time

import pytest

from modelscan.backends.base import LogEvent
from modelscan.backends.explaining.logtext import LONGEST_MESSAGE, message_of
from modelscan.backends.registry import BACKENDS
from modelscan.units import GIB, MIB

CORE = "(EngineCore pid=4242) INFO 11-21 05:01:02 [core.py:99] "


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (CORE + "Loading", "Loading"),
        ("(Worker_TP0 pid=7) ERROR 11-21 05:01:02.123 [v1/worker.py:9] x", "x"),
        (
            "\x1b[0;36m(APIServer pid=1)\x1b[0;0m INFO:     Application startup complete.",
            "Application startup complete.",
        ),
        ("(EngineCore pid=1) \rLoading:   0%\rLoading:  50%\r", "Loading:  50%"),
        ("[2026-11-21 05:01:02 TP0] Load weight begin.", "Load weight begin."),
        ("", ""),
    ],
)
def test_the_message_of_a_line(line: str, message: str) -> None:
    assert message_of(line) == message


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (
            "(APIServer pid=1) INFO 11-21 05:01:02 [utils.py:1] vLLM API server version 0.32.0",
            LogEvent(phase="starting"),
        ),
        (CORE + "Starting to load model /weights/chat...", LogEvent(phase="loading weights")),
        (
            "(EngineCore pid=1) \rLoading safetensors checkpoint shards:  50% Completed | 1/2 [00:01<00:01,  1.00s/it]",
            LogEvent(phase="loading weights", fraction=0.5, detail="1 of 2 files"),
        ),
        (
            "Loading safetensors using Runai Model Streamer:  50% Completed | 19/38 [00:00<00:00, 213.72it/s]",
            LogEvent(phase="loading weights", fraction=0.5, detail="19 of 38 tensors"),
        ),
        (
            CORE + "Model loading took 1.50 GiB memory and 2.345678 seconds",
            LogEvent(phase="loading weights", fraction=1.0, weights_bytes=3 * GIB // 2),
        ),
        (CORE + "Available KV cache memory: 10.5 GiB", LogEvent(kv_cache_bytes=21 * GIB // 2)),
        (
            CORE + "GPU KV cache size: 1,234 tokens, Maximum concurrency for 2,048 tokens per request: 3.2x",
            LogEvent(kv_cache_tokens=1234, max_concurrency=3.2),
        ),
        (
            CORE + "CPU KV cache size: 12,160 tokens, Maximum concurrency for 512 tokens per request: 23.75x",
            LogEvent(kv_cache_tokens=12160, max_concurrency=23.75),
        ),
        (CORE + "GPU KV cache size: 1,234 tokens", LogEvent(kv_cache_tokens=1234)),
        (CORE + "Maximum concurrency for 2,048 tokens per request: 3.20x", LogEvent(max_concurrency=3.2)),
        (CORE + "torch.compile takes 12.3 s in total", LogEvent(phase="compiling")),
        (
            "Capturing CUDA graphs (mixed prefill-decode, PIECEWISE):  50%|#####     | 10/20 [00:01<00:01]",
            LogEvent(phase="capturing graphs", fraction=0.5, detail="10 of 20 graphs"),
        ),
        (
            CORE + "Graph capturing finished in 3 secs, took 0.61 GiB",
            LogEvent(phase="warming up", graphs_bytes=round(0.61 * GIB)),
        ),
        (CORE + "Warming up model for the compilation...", LogEvent(phase="warming up")),
        ("(APIServer pid=1) INFO:     Application startup complete.", LogEvent(phase="listening")),
        (CORE + "Using max model len 512", None),
        ("", None),
    ],
)
def test_vllm(line: str, event: LogEvent | None) -> None:
    assert BACKENDS["vllm"].explains.read_log_line(line) == event


STAMP = "[2026-11-21 05:01:02] "


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (
            "0.00.009.932 I cmn  common_param: system_info: n_threads = 1 / 2 | CPU : AVX2 = 1 |",
            LogEvent(phase="starting"),
        ),
        ("0.00.003.575 I srv    load_model: loading model '/m/x.gguf'", LogEvent(phase="loading weights")),
        (
            "load_tensors: loading model tensors, this can take a while... (load_mode = mmap)",
            LogEvent(phase="loading weights"),
        ),
        (
            "load_tensors: offloaded 30/37 layers to GPU",
            LogEvent(phase="loading weights", detail="30 of 37 layers on the GPU"),
        ),
        (
            "load_tensors:        CUDA0 model buffer size =  4403.49 MiB",
            LogEvent(piece="CUDA0 model", weights_bytes=round(4403.49 * MIB)),
        ),
        (
            "0.00.021.049 I load_tensors:   CPU_Mapped model buffer size =     1.85 MiB",
            LogEvent(piece="CPU_Mapped model", on_host=True, weights_bytes=round(1.85 * MIB)),
        ),
        (
            "llama_kv_cache:      ROCm1 KV buffer size =   576.00 MiB",
            LogEvent(piece="ROCm1 KV", kv_cache_bytes=576 * MIB),
        ),
        (
            "llama_memory_recurrent:      CUDA0 RS buffer size =   149.62 MiB",
            LogEvent(piece="CUDA0 RS", kv_cache_bytes=round(149.62 * MIB)),
        ),
        (
            "sched_reserve:  CUDA_Host compute buffer size =    20.01 MiB",
            LogEvent(piece="CUDA_Host compute", on_host=True, activations_bytes=round(20.01 * MIB)),
        ),
        (
            "llama_context:      CUDA0 compute buffer size =   258.50 MiB",
            LogEvent(piece="CUDA0 compute", activations_bytes=round(258.5 * MIB)),
        ),
        ("0.00.023.484 I llama_context: constructing llama_context", LogEvent(phase="warming up")),
        (
            "0.00.032.703 I srv    load_model: initializing, n_slots = 2, n_ctx_slot = 2048, kv_unified = 'false'",
            LogEvent(kv_cache_tokens=4096, max_concurrency=2.0),
        ),
        ("0.00.042.150 I srv  llama_server: listening on http://127.0.0.1:8713", LogEvent(phase="listening")),
        ("0.00.007.347 I print_info: n_embd_head_k         = 64", None),
    ],
)
def test_a_line_of_llamacpp(line: str, event: LogEvent | None) -> None:
    assert BACKENDS["llamacpp"].explains.read_log_line(line) == event


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (STAMP + "server_args=ServerArgs(model_path='x')", LogEvent(phase="starting")),
        (STAMP + "Load weight begin. avail mem=20.00 GB", LogEvent(phase="loading weights")),
        (
            "Loading safetensors checkpoint shards:  50% Completed | 1/2 [00:01<00:01,  1.00s/it]",
            LogEvent(phase="loading weights", fraction=0.5, detail="1 of 2 files"),
        ),
        (
            STAMP + "Load weight end. elapsed=1.20 s, type=LlamaForCausalLM, avail mem=18.50 GB, mem usage=1.50 GB.",
            LogEvent(phase="loading weights", fraction=1.0, weights_bytes=3 * GIB // 2),
        ),
        (
            STAMP + "KV Cache is allocated. dtype: torch.bfloat16, #tokens: 8192, K size: 0.25 GB, V size: 0.25 GB",
            LogEvent(kv_cache_tokens=8192, kv_cache_bytes=GIB // 2),
        ),
        (STAMP + "Capture decode CUDA graph begin. This can take minutes.", LogEvent(phase="capturing graphs")),
        (
            STAMP + "max_total_num_tokens=8192, chunked_prefill_size=2048, context_len=2048, available_cpu_mem=9.1 GB",
            LogEvent(kv_cache_tokens=8192),
        ),
        ("INFO:     Application startup complete.", LogEvent(phase="warming up")),
        (STAMP + "The server is fired up and ready to roll!", LogEvent(phase="listening")),
        (STAMP + "Decode batch. #running-req: 1", None),
    ],
)
def test_sglang(line: str, event: LogEvent | None) -> None:
    assert BACKENDS["sglang"].explains.read_log_line(line) == event


# What a pattern may begin to match again and again: words of the tables, and what stands for a repetition in them.
_REPEATED = (
    *(
        "x",
        "0",
        "0.",
        "Aa",
        "Word.",
        "\x1b]",
        "\x1b[",
        "(",
        "'",
        "INFO ",
        "[2026-11-21 04:57:03 x",
        "1%|",
        " ",
        "é",
        "\r",
    ),
    *("Loading ", "Loading safetensors checkpoint ", "Capturing CUDA graph", "GPU KV cache size: ", "K size: 1"),
    *("timed out ", "quantization ", "dtype ", "rope_scaling", "CUDA_HOME ", "cudaIpcX ", "p2p ", "HIP error: "),
    *("Failed core proc(s): {", "Free memory on device (", "max seq len (1)", "version `GLIBC", "libx.so", "pass "),
    *("unable to ", "ncclShm", "requires you to execute ", "model type `", "Permission denied", "undefined symbol: "),
    *("loaded weights leave no GPU memory ", "botocore.aexceptions.", "Tokenizer class ", "Subprocess a"),
)


@pytest.mark.parametrize("text", _REPEATED)
@pytest.mark.parametrize("backend", BACKENDS)
def test_no_line_keeps_the_patterns_busy(backend: str, text: str) -> None:
    """16 KB of `x` took a second, 64 KB minutes, in the supervisor."""
    explains = BACKENDS[backend].explains
    line = (text * 70_000)[:70_000]
    assert len(message_of(line)) <= LONGEST_MESSAGE
    started = time.process_time()
    explains.read_log_line(line)
    explains.read_metrics(line)
    assert time.process_time() - started < 0.5  # some 10 ms
    started = time.process_time()
    explains.diagnose("\n".join([line[:16_384]] * 12), 1)  # as much as is kept of a log
    assert time.process_time() - started < 5  # some 100 ms


def test_the_beginning_of_a_long_line_is_read() -> None:
    line = "[2026-11-21 05:01:02] server_args=ServerArgs(" + "x" * 100_000
    assert BACKENDS["sglang"].explains.read_log_line(line) == LogEvent(phase="starting")
