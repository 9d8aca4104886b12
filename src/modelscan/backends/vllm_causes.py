"""How vLLM ends, root causes first. Texts: 0.32.0 run on a CPU, 0.33.0 read in the wheel."""

from __future__ import annotations

from modelscan.backends.common_causes import MACHINE, MEMORY, WEIGHTS
from modelscan.backends.diagnosis import Cause, cause

CAUSES: tuple[Cause, ...] = (
    cause(
        r"max seq len \((?P<asked>\d+)\).*estimated maximum model length is (?P<fits>[1-9]\d*)",
        "the KV cache is too small for a context length of {asked}: {fits} fits",
        "deploy again with --context-length {fits}",
        context_length="fits",
    ),
    cause(
        r"max seq len \((?P<asked>\d+)\).*larger than the available KV cache memory",
        "the KV cache is too small for a context length of {asked}",
        "deploy again with a smaller --context-length",
    ),
    cause(
        r"No available memory for the cache blocks",
        "the weights leave no memory for the KV cache",
        "deploy again with a higher --gpu-memory-utilization or --max-memory, more --gpus or another --quantization",
    ),
    cause(
        r"Free memory on device .*\((?P<free>[\d.]+)/(?P<total>[\d.]+) GiB\) on startup is less than desired .*"
        r"utilization \((?P<share>[\d.]+)",
        "only {free} of {total} GiB of the GPU are free, less than the share of {share} that was planned",
        "modelscan gpu",
        "deploy again: the plan reads the free memory anew",
    ),
    cause(
        r"Available memory on node .* is less than desired CPU memory utilization",
        "the memory node of the CPU that vLLM binds to has too little free memory",
        "modelscan gpu",
        "stop what uses the memory, then deploy again",
    ),
    cause(
        r"Failed to load model - not enough GPU memory",
        "the weights do not fit into the GPU's memory",
        "deploy again with more GPUs (--gpus) or another --quantization",
    ),
    cause(
        r"User-specified max_model_len \((?P<asked>\d+)\) is greater than .* max_model_len \(\w+=(?P<limit>\d+)",
        "the context length {asked} is above the model's own limit of {limit}",
        "deploy again with --context-length {limit}",
        context_length="limit",
    ),
    *MEMORY,
    *MACHINE,
    *WEIGHTS,
    cause(
        r"Failed core proc\(s\): \{.*: (-9|137)\b",
        "a process of vLLM was killed, most likely by the kernel because the machine ran out of memory",
        "dmesg | grep -i 'killed process'",
        "deploy again with a smaller --context-length or --max-memory",
    ),
)
