"""What llama.cpp says of itself. Names of arguments: `llama-server --help` of b10434."""

from __future__ import annotations

from modelscan.backends.about import About

ABOUT = About(
    title="llama.cpp",
    spellings={
        "context_length": ("--ctx-size", "-c"),
        "max_concurrency": ("--parallel", "-np"),
        "kv_cache_dtype": ("--cache-type-k", "-ctk"),
    },
    image="ghcr.io/ggml-org/llama.cpp",
    seeds=frozenset({"llamacpp"}),
)
