"""What vLLM's log says on its way to being ready. Lines of 0.32.0 (run on a CPU) and 0.33.0 (read in the wheel)."""

from __future__ import annotations

from modelscan.backends.base import LogEvent
from modelscan.backends.explaining.logtext import message_of, number
from modelscan.parsing.regex import regex
from modelscan.units import GIB

# v1/core/kv_cache_utils.py; the last group is what a request of that length leaves room for.
_KV_CACHE = regex(
    r"\bKV cache size: ([\d,]+) tokens(?:, Maximum concurrency for ([\d,]+) tokens per request: ([\d.]+)x)?"
)
# A line of its own before 0.32.
_CONCURRENCY = regex(r"Maximum concurrency for [\d,]+ tokens per request: ([\d.]+)x")
_SHARDS = regex(r"[Ll]oading [\w .-]{0,60}(shards|Runai Model Streamer):\s*\d+% Completed \| (\d+)/(\d+)")
_WEIGHTS = regex(r"Model loading took ([\d.]+) GiB")
_AVAILABLE = regex(r"Available KV cache memory: ([\d.]+) GiB")
_GRAPHS = regex(r"Graph capturing finished in [\d.]+ secs, took ([\d.]+) GiB")
_CAPTURE = regex(r"Capturing CUDA graphs?[^:]*(?::\s*(\d+)%\|[^|]*\| (\d+)/(\d+))?")

# The first that the message begins with or holds gives the phase.
_PHASES = (
    ("Application startup complete", "listening"),
    ("Graph capturing finished", "warming up"),
    ("init engine (profile, create kv cache, warmup model) took", "warming up"),
    ("Warming up model", "warming up"),
    ("torch.compile takes", "compiling"),
    ("torch.compile took", "compiling"),
    ("Dynamo bytecode transform time", "compiling"),
    ("Compiling a graph", "compiling"),
    ("Cache the graph", "compiling"),
    ("Start compiling function", "compiling"),
    ("Loading model from scratch", "loading weights"),
    ("Starting to load model", "loading weights"),
    ("Initializing a V1 LLM engine", "starting"),
    ("vLLM API server version", "starting"),
    ("Automatically detected platform", "starting"),
)


def read_line(line: str) -> LogEvent | None:
    """The phase or the figure that a line gives; None for all the others."""
    message = message_of(line)
    return _figure(message) or _bar(message) or _phase(message)


def _figure(message: str) -> LogEvent | None:
    if found := _KV_CACHE.search(message):
        concurrency = float(found[3]) if found[3] else None
        return LogEvent(kv_cache_tokens=number(found[1]), max_concurrency=concurrency)
    if found := _CONCURRENCY.search(message):
        return LogEvent(max_concurrency=float(found[1]))
    if found := _WEIGHTS.search(message):
        return LogEvent(phase="loading weights", fraction=1.0, weights_bytes=round(float(found[1]) * GIB))
    if found := _AVAILABLE.search(message):
        return LogEvent(kv_cache_bytes=round(float(found[1]) * GIB))
    if found := _GRAPHS.search(message):
        return LogEvent(phase="warming up", graphs_bytes=round(float(found[1]) * GIB))
    return None


def _bar(message: str) -> LogEvent | None:
    if found := _SHARDS.search(message):
        return LogEvent(
            phase="loading weights",
            fraction=int(found[2]) / max(int(found[3]), 1),
            detail=f"{found[2]} of {found[3]} {'files' if found[1] == 'shards' else 'tensors'}",
        )
    if found := _CAPTURE.match(message):
        if not found[3]:
            return LogEvent(phase="capturing graphs")
        return LogEvent(
            phase="capturing graphs",
            fraction=int(found[2]) / max(int(found[3]), 1),
            detail=f"{found[2]} of {found[3]} graphs",
        )
    return None


def _phase(message: str) -> LogEvent | None:
    phase = next((phase for words, phase in _PHASES if words in message), None)
    return None if phase is None else LogEvent(phase=phase)
