"""The closed lists of words that documents use."""

from __future__ import annotations

from typing import Literal

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
Source = Literal["huggingface", "modelscope", "local_path", "s3"]
Mode = Literal["standard", "throughput", "latency"]
Status = Literal["pending", "pulling", "starting", "ready", "unhealthy", "stopping", "stopped", "failed"]
RestartPolicy = Literal["no", "on-failure", "always"]
Vendor = Literal["nvidia", "amd", "intel", "apple", "other"]
Device = Literal["cpu", "cuda", "rocm"]

# Where weights have an owner and a name; elsewhere they are where the user put them.
HUB_SOURCES: frozenset[Source] = frozenset({"huggingface", "modelscope"})
LIVE_STATUSES: frozenset[Status] = frozenset({"pending", "pulling", "starting", "ready", "unhealthy", "stopping"})
