"""How SGLang ends, root causes first. Texts of 0.5.23: run on a CPU, or read in the wheel."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.backends.explaining.common_causes import MACHINE, MEMORY
from modelscan.backends.explaining.diagnosis import Cause, Derived, cause
from modelscan.backends.explaining.weights_causes import WEIGHTS

# When one process fails, SGLang kills all of its own with SIGKILL. Exit status 137 with "It usually means the (one)
# child failed." is its own doing and not the kernel's (0.5.23, run on a CPU).
KILLS_ITSELF = "child failed."


def _limit(groups: Mapping[str, str]) -> Derived:
    return {"context_length": int(groups["limit"])}


def _share(groups: Mapping[str, str]) -> Derived:
    """The smallest share of memory that SGLang would start with, and a twentieth for the KV cache."""
    share = float(groups["least"]) + 0.05
    return {"gpu_memory_utilization": round(share, 3)} if share < 1 else {}


CAUSES: tuple[Cause, ...] = (
    cause(
        r"[Ll]oaded weights leave no GPU memory .*Raise --mem-fraction-static above (?P<least>[\d.]*\d)",
        "the weights leave no memory for the KV cache",
        "modelscan deploy … --gpu-memory-utilization {gpu_memory_utilization}",
        "modelscan plan … --alternatives 5",
        derive=_share,
    ),
    cause(
        ("[Ll]oaded weights leave no GPU memory", "Not enough memory. Please try to increase --mem-fraction-static"),
        "the weights leave no memory for the KV cache",
        "modelscan gpu",
        "modelscan plan … --alternatives 5",
    ),
    cause(
        r"state cache is too small to serve any requests",
        "the memory is too small for the state of one request",
        "modelscan deploy … --max-concurrency 1",
    ),
    cause(
        r"User-specified context_length \((?P<asked>\d+)\) is greater than .* context_length \((?P<limit>\d+)\)",
        "the context length {asked} is above the model's own limit of {limit}",
        "modelscan deploy … --context-length {context_length}",
        derive=_limit,
    ),
    *MEMORY,
    *MACHINE,
    *WEIGHTS,
    cause(
        r"Capture (cuda )?graph failed",
        "the CUDA graphs could not be captured",
        "modelscan deploy … --enforce-eager",
    ),
    cause(
        r"Subprocess (?P<process>[a-z]+)\S* \(pid=\d+\) crashed with exit code -9\b",
        "its {process} was killed with SIGKILL",
        "dmesg | grep -i 'killed process'",
    ),
)
