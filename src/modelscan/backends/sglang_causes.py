"""How SGLang ends, root causes first. Texts of 0.5.23. It kills its own processes with SIGKILL when one fails, so
exit status 137 with the line about a sigquit is its own doing, not the kernel's.
"""

from __future__ import annotations

from modelscan.backends.common_causes import MACHINE, MEMORY, WEIGHTS
from modelscan.backends.diagnosis import Cause, cause

CAUSES: tuple[Cause, ...] = (
    cause(
        r"[Ll]oaded weights leave no GPU memory for the KV cache(.*Raise --mem-fraction-static above (?P<least>[\d.]+\d))?",
        "the weights leave no memory for the KV cache",
        "deploy again with a higher --gpu-memory-utilization, more GPUs (--gpus) or another --quantization",
    ),
    cause(
        r"Not enough memory\. Please try to increase --mem-fraction-static",
        "the weights leave no memory for the KV cache",
        "deploy again with a higher --gpu-memory-utilization, more GPUs (--gpus) or another --quantization",
    ),
    cause(
        r"context_length \((?P<asked>\d+)\) is greater than the derived context_length \((?P<limit>\d+)\)",
        "the context length {asked} is above the model's own limit of {limit}",
        "deploy again with --context-length {limit}",
        context_length="limit",
    ),
    *MEMORY,
    *MACHINE,
    *WEIGHTS,
    cause(
        r"Received sigquit from a child process",
        "a process of SGLang failed, and it ended all the others",
        "read the log above that line",
    ),
)
