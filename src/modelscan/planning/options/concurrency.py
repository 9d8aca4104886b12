"""How many concurrent requests a plan is made for, where nobody says."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.model import Mode, Task

# Judgements. Standard: a service that a team shares; vLLM's own 256 to 1024 would give all of a GPU to a small model.
# Latency: few, so that one request is answered fast. Throughput: what SGLang 0.5.23 and vLLM's recipes batch at most.
STATED: Mapping[Mode, int] = {"standard": 64, "latency": 16, "throughput": 512}
# Tasks that answer as soon as a prompt is read: many short texts share a step, and none stays in the KV cache.
POOLING: frozenset[Task] = frozenset({"embed", "rerank"})
_POOLED = 256
ON_CPU = 4
_FEWER = (16,)
# To reach a context that was asked for: the fewest at last, as sampling and graphs then take least.
_FEWEST = (16, 4, 1)
_CAPTURED = 8  # backends capture graphs for every eighth batch size


def stated(mode: Mode | None, task: Task) -> int:
    """The concurrency of a mode, that of a batch for tasks that pool."""
    return _POOLED if task in POOLING and mode in {None, "standard"} else STATED[mode or "standard"]


def counts_to_try(
    fixed: int | None, mode: Mode | None, task: Task, step: int, *, on_gpu: bool, asked_context: bool
) -> tuple[int, ...]:
    """Numbers of concurrent requests, the most first; one where it is `fixed`, no more than the tokens of a step."""
    if fixed is not None:
        return (fixed,)
    if not on_gpu:
        return (ON_CPU,)
    first = min(stated(mode, task), step)
    return (first, *(count for count in (_FEWEST if asked_context else _FEWER) if count < first))


def bounded(most: int) -> int:
    """A number of requests that is at most `most`, and a batch size that has a graph of its own."""
    return most - most % _CAPTURED if most >= _CAPTURED else most
