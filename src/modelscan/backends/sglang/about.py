"""What SGLang says of itself. Names of arguments: `--help` of 0.5.23."""

from __future__ import annotations

from modelscan.backends.about import About, Lead

ABOUT = About(
    title="SGLang",
    # Evidence as of 2026: MLA and large-expert models on Hopper, Blackwell and MI3xx; otherwise the backends are within
    # about five percent of each other, and which leads changes with each release.
    leads=(
        Lead(
            mode="throughput",
            latent_attention=True,
            why="whose throughput leads for latent attention on this kind of GPU (published runs of 2026)",
            otherwise="for models without latent attention sglang's throughput is within a few percent",
        ),
    ),
    spellings={
        "context_length": ("--context-length",),
        "max_concurrency": ("--max-running-requests",),
        "tensor_parallel": ("--tensor-parallel-size", "--tp-size", "--tp"),
        "pipeline_parallel": ("--pipeline-parallel-size", "--pp-size", "--pp"),
        "gpu_memory_utilization": ("--mem-fraction-static",),
        "quantization": ("--quantization",),
        "dtype": ("--dtype",),
        "kv_cache_dtype": ("--kv-cache-dtype",),
        "revision": ("--revision",),
    },
    switches={"--disable-cuda-graph": True},
    image="lmsysorg/sglang",
    gpustack="SGLang",
    owned_by="sglang",
    seeds=frozenset({"sglang"}),
    drafts="sglang serve --model-path {base} --speculative-algorithm {algorithm} "
    "--speculative-draft-model-path {drafter}",
)
