"""The closed lists of words that documents use."""

from __future__ import annotations

from typing import Literal, get_args

Task = Literal[
    "chat",
    "completion",
    "embed",
    "rerank",
    "speech-to-text",
    "text-to-speech",
    "text-to-image",
    "text-to-video",
    "other",
]
# Where weights have an owner and a name; elsewhere they are where the user put them.
HubName = Literal["huggingface", "modelscope"]
Source = Literal[HubName, "local_path", "s3"]
Capability = Literal["tool_call", "reasoning", "vision", "structured_output"]
Mode = Literal["standard", "throughput", "latency"]
Status = Literal["pending", "pulling", "starting", "ready", "unhealthy", "stopping", "stopped", "failed"]
WaitFor = Literal["ready", "stopped"]
UpWord = Literal["create", "start", "replace", "keep", "remove"]
StartedBy = Literal["deploy", "run", "up"]
RestartPolicy = Literal["no", "on-failure", "always"]
Vendor = Literal["nvidia", "amd", "intel", "apple", "other"]
Device = Literal["cpu", "cuda", "rocm"]

# Where weights have an owner and a name; elsewhere they are where the user put them. Of the same weights on two hubs
# those of the first are taken.
HUB_SOURCES: tuple[Source, ...] = get_args(HubName)
# The phase of one that is `stopped` and whose processes wait to be woken.
ASLEEP = "asleep"
LIVE_STATUSES: frozenset[Status] = frozenset({"pending", "pulling", "starting", "ready", "unhealthy", "stopping"})

# Quantizations as users write them. Of GGUF there are more; these are the ones that releases come in.
QUANTIZATIONS = (
    "FP32", "BF16", "FP16", "FP8", "INT8", "INT4", "FP4", "MXFP4", "NVFP4", "AWQ", "GPTQ",
)  # fmt: skip
GGUF_QUANTIZATIONS = (
    "Q2_K", "Q3_K_S", "Q3_K_M", "Q3_K_L", "Q4_0", "Q4_1", "Q4_K_S", "Q4_K_M", "Q5_0", "Q5_1", "Q5_K_S", "Q5_K_M",
    "Q6_K", "Q8_0", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ3_XS", "IQ4_NL", "IQ4_XS",
)  # fmt: skip
