"""How vLLM ends, root causes first. Texts: 0.32.0 run on a CPU, 0.33.0 and earlier ones read in wheels and issues."""

from __future__ import annotations

import math
from collections.abc import Mapping

from modelscan.backends.explaining.common_causes import MACHINE, MEMORY
from modelscan.backends.explaining.diagnosis import Cause, Derived, cause
from modelscan.backends.explaining.weights_causes import WEIGHTS

_CONTEXT = "modelscan deploy … --context-length {context_length}"


def _length(groups: Mapping[str, str]) -> Derived:
    fits = int(groups["fits"].replace(",", ""))
    return {"context_length": fits} if fits else {}


def _limit(groups: Mapping[str, str]) -> Derived:
    return {"context_length": int(float(groups["limit"]))}


def _share(groups: Mapping[str, str]) -> Derived:
    """What is free of the GPU, less a hundredth: vLLM refuses a share above it."""
    share = math.floor(100 * float(groups["free"]) / float(groups["total"])) / 100 - 0.01
    return {"gpu_memory_utilization": round(share, 2)} if share > 0 else {}


def _batch(groups: Mapping[str, str]) -> Derived:
    return {"context_length": int(groups["batch"])}


_READ_HERE = "check whether this machine can read it: modelscan plan …"
# Weights in S3: run with runai-model-streamer 0.17.0.
_STREAMED: tuple[Cause, ...] = (
    cause(
        (r"No module named 'runai_model_streamer\w*'", "S3 files module not found", r"vllm\[runai\]"),
        "it has no reader for weights in S3",
        "modelscan backend install vllm --s3",
    ),
    cause(
        r"receive response from libstreamer due to: b?'(?P<said>[^']+)'",
        "its reader could not get the weights from S3: {said}",
        _READ_HERE,
    ),
    cause(
        r"botocore\.\w*exceptions\.\w+: (?P<said>.+)",
        "S3 returned an error: {said}",
        _READ_HERE,
    ),
)

CAUSES: tuple[Cause, ...] = (
    # "the models's" until 0.1x, "the model's" since; the estimate stands in it since 0.9 (vllm-project/vllm #16118).
    cause(
        r"max seq len \((?P<asked>\d+)\).*estimated maximum model length is (?P<fits>[\d,]+)",
        "the KV cache is too small for a context length of {asked}: {fits} fits",
        _CONTEXT,
        derive=_length,
    ),
    # Before 0.8 (vllm-project/vllm #2418): what the cache holds is the longest that fits.
    cause(
        r"max seq len \((?P<asked>\d+)\) is larger than the maximum number of tokens that can be stored in KV cache "
        r"\((?P<fits>\d+)\)",
        "the KV cache is too small for a context length of {asked}: {fits} fits",
        _CONTEXT,
        derive=_length,
    ),
    cause(
        r"max seq len \((?P<asked>\d+)\).*larger than the available KV cache memory",
        "the KV cache is too small for a context length of {asked}",
        "modelscan deploy … --context-length HALF",
    ),
    cause(
        r"No available memory for the cache blocks",
        "the weights leave no memory for the KV cache",
        "modelscan gpu",
        "modelscan plan … --alternatives 5",
    ),
    cause(
        r"Free memory on device .*\((?P<free>[\d.]+)/(?P<total>[\d.]+) GiB\) on startup is less than desired .*"
        r"utilization \((?P<share>[\d.]+)",
        "only {free} of {total} GiB of the GPU are free, less than the share of {share} that was planned",
        "modelscan gpu",
        "modelscan deploy … --gpu-memory-utilization {gpu_memory_utilization}",
        derive=_share,
    ),
    cause(
        r"Available memory on node .* is less than desired CPU memory utilization",
        "the memory node of the CPU that vLLM binds to has too little free memory",
        "modelscan gpu",
        "stop what uses the memory, then: modelscan deploy …",
    ),
    cause(
        r"Failed to load model - not enough GPU memory",
        "the weights do not fit into the GPU's memory",
        "modelscan plan … --alternatives 5",
    ),
    cause(
        r"User-specified max_model_len \((?P<asked>\d+)\) is greater than .* max_model_len \(\w+=(?P<limit>[\d.]+)",
        "the context length {asked} is above the model's own limit of {limit}",
        "modelscan deploy … --context-length {context_length}",
        derive=_limit,
    ),
    cause(
        r"max_num_batched_tokens \((?P<batch>\d+)\) is smaller than max_model_len \((?P<asked>\d+)\)",
        "--max-num-batched-tokens {batch} is below the context length {asked}",
        _CONTEXT,
        derive=_batch,
    ),
    cause(
        "cannot load library '?libsndfile",
        "soundfile, a package in its environment, finds no libsndfile on this machine",
        "apt-get install libsndfile1",
        "or make it anew, without soundfile: modelscan backend remove vllm && modelscan backend install vllm",
    ),
    *MEMORY,
    *MACHINE,
    *_STREAMED,
    *WEIGHTS,
    cause(
        r"Failed to load audio via soundfile: ModuleNotFoundError|No module named 'soundfile'|install vllm\[audio\]",
        "this installation of vLLM lacks the packages that read audio",
        "make it anew: modelscan backend remove vllm && modelscan backend install vllm",
        "see what it lacks, and the way to it: modelscan backend show vllm",
        "or, in an environment of yours: pip install av soundfile",
    ),
    # 0.32.0 on a CPU: it says so at the first request, and is healthy until then.
    cause(
        r"Unsupported CPU attention configuration: head_dim=(?P<size>\d+)",
        "vLLM has no CPU kernel for attention heads of size {size}",
        "run it on a GPU, or with another backend: modelscan backend list",
    ),
    cause(
        r"No available shared memory broadcast block found",
        "its processes are deadlocked: one of them hangs, usually in a transfer between GPUs",
        "modelscan deploy … --env NCCL_P2P_DISABLE=1 --backend-arg=--disable-custom-all-reduce",
        "modelscan deploy … --tensor-parallel 1",
    ),
    cause(
        r"Failed core proc\(s\): \{.*: (-9|137)\b",
        "a process of vLLM was killed with SIGKILL",
        "dmesg | grep -i 'killed process'",
    ),
)
