"""What vLLM says of itself. Names of arguments: `vllm serve --help=all` of 0.33.0."""

from __future__ import annotations

from modelscan.backends.about import About

ABOUT = About(
    title="vLLM",
    usual="which runs on the widest range of hardware and formats",
    spellings={
        "context_length": ("--max-model-len",),
        "max_concurrency": ("--max-num-seqs",),
        "tensor_parallel": ("--tensor-parallel-size", "-tp"),
        "pipeline_parallel": ("--pipeline-parallel-size", "-pp"),
        "gpu_memory_utilization": ("--gpu-memory-utilization", "--device-memory-utilization"),
        "quantization": ("--quantization", "-q"),
        "dtype": ("--dtype",),
        "kv_cache_dtype": ("--kv-cache-dtype",),
        "revision": ("--revision",),
    },
    switches={"--enforce-eager": True, "--no-enforce-eager": False},
    image="vllm/vllm-openai",
    gpustack="vLLM",
    litellm="hosted_vllm",
    owned_by="vllm",
    seeds=frozenset({"vllm"}),
    catalog="vllm-recipes",
    drafts="""vllm serve {base} --speculative-config '{{"method":"{method}","model":"{drafter}","""
    """"num_speculative_tokens":{tokens}}}'""",
)
