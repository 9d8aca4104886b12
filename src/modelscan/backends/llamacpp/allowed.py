"""What llama-server may be given beside what a plan says. Names: `--help` of b10434; its own names, the long ones.

Left out is what names files, programs, addresses or keys, loads a second model, lays out layers or changes what the
weights are; of the variables also `LLAMA_ARG_…`, each of which is an argument.
"""

from __future__ import annotations

from modelscan.backends.arguments.allowed import Allowed

ALLOWED = Allowed(
    backend="llama.cpp",
    switches=frozenset(
        {
            *("--context-shift", "--swa-full"),
            *("--no-cache-prompt", "--no-cont-batching", "--no-repack", "--no-warmup"),
        }
    ),
    valued=frozenset(
        {
            *("--batch-size", "--ubatch-size", "--threads", "--threads-batch", "--threads-http", "--poll"),
            *("--cache-ram", "--cache-reuse", "--slot-prompt-similarity", "--keep", "--predict", "--timeout"),
            *("--image-min-tokens", "--image-max-tokens", "--reasoning-budget"),
            *("--seed", "--temp", "--top-k", "--top-p", "--min-p"),
            *("--repeat-penalty", "--presence-penalty", "--frequency-penalty"),
        }
    ),
    choices={
        "--flash-attn": frozenset({"on", "off", "auto"}),
        "--load-mode": frozenset({"auto", "none", "mmap", "mlock"}),
        "--reasoning-format": frozenset({"auto", "none", "deepseek", "deepseek-legacy"}),
    },
)

# How it computes: those of Vulkan and of the scheduler are in the libraries of b10434, CUDA's in ggml-cuda.cu.
VARIABLES = frozenset(
    {
        *("GGML_CUDA_DISABLE_GRAPHS", "GGML_CUDA_ENABLE_UNIFIED_MEMORY", "GGML_CUDA_FORCE_CUBLAS_COMPUTE_16F"),
        *("GGML_CUDA_FORCE_CUBLAS_COMPUTE_32F", "GGML_CUDA_GRAPH_OPT", "GGML_CUDA_NO_PINNED", "GGML_CUDA_P2P"),
        *("GGML_VK_DISABLE_COOPMAT", "GGML_VK_DISABLE_COOPMAT2", "GGML_VK_DISABLE_F16", "GGML_VK_PREFER_HOST_MEMORY"),
        *("GGML_SCHED_DEBUG", "GGML_OP_OFFLOAD_MIN_BATCH"),
    }
)
