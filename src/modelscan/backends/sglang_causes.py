"""How SGLang ends, root causes first. Texts of 0.5.23."""

from __future__ import annotations

from modelscan.backends.common_causes import MACHINE, MEMORY, WEIGHTS
from modelscan.backends.diagnosis import Cause, cause

# When one process fails, SGLang kills all of its own with SIGKILL. Exit status 137 with "It usually means the (one)
# child failed." is its own doing and not the kernel's (0.5.23, run on a CPU).
KILLS_ITSELF = "child failed."

CAUSES: tuple[Cause, ...] = (
    cause(
        ("[Ll]oaded weights leave no GPU memory", "Not enough memory. Please try to increase --mem-fraction-static"),
        "the weights leave no memory for the KV cache",
        "deploy again with a higher --gpu-memory-utilization or --max-memory, more --gpus or another --quantization",
    ),
    cause(
        r"User-specified context_length \((?P<asked>\d+)\) is greater than .* context_length \((?P<limit>\d+)\)",
        "the context length {asked} is above the model's own limit of {limit}",
        "deploy again with --context-length {limit}",
        context_length="limit",
    ),
    *MEMORY,
    *MACHINE,
    *WEIGHTS,
    cause(
        r"Subprocess (?P<process>[a-z]+)\S* \(pid=\d+\) crashed with exit code -9\b",
        "its {process} was killed with SIGKILL: by the kernel for want of memory, or by hand",
        "dmesg | grep -i 'killed process'",
    ),
)
