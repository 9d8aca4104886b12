"""What SGLang's log says on its way to being ready. Lines of 0.5.23: run on a CPU, the graphs' read in the wheel."""

from __future__ import annotations

from modelscan.backends.base import LogEvent
from modelscan.backends.explaining.logtext import message_of, number
from modelscan.parsing.regex import regex
from modelscan.units import GIB

_POOL = regex(r"max_total_num_tokens=(\d+)")
# "GB" in its lines is GiB: 8.23 "GB" of K are 367,404 tokens of 24,064 B.
_ALLOCATED = regex(r"KV Cache is allocated\..*#tokens: ([\d,]+)(.*)")
_SIZE = regex(r"\b(?:K|V|KV) size: ([\d.]+) GB")
_LOADED = regex(r"Load weight end\..*mem usage=([\d.]+) GB")
_SHARDS = regex(r"[Ll]oading [\w .-]{0,60}shards:\s*(\d+)% Completed \| (\d+)/(\d+)")

_PHASES = (
    ("The server is fired up and ready to roll", "listening"),
    ("Application startup complete", "warming up"),
    ("CUDA graph begin", "capturing graphs"),
    ("Capturing batches", "capturing graphs"),
    ("Load weight begin", "loading weights"),
    ("Init torch distributed", "starting"),
    ("server_args=", "starting"),
)


def read_line(line: str) -> LogEvent | None:
    """The phase or the figure that a line gives; None for all the others."""
    message = message_of(line)
    if found := _POOL.search(message):
        return LogEvent(kv_cache_tokens=int(found[1]))
    if found := _ALLOCATED.search(message):
        size = sum(float(part) for part in _SIZE.findall(found[2]))
        return LogEvent(kv_cache_tokens=number(found[1]), kv_cache_bytes=round(size * GIB) or None)
    if found := _LOADED.search(message):
        return LogEvent(phase="loading weights", fraction=1.0, weights_bytes=round(float(found[1]) * GIB))
    if found := _SHARDS.search(message):
        share = int(found[2]) / max(int(found[3]), 1)
        return LogEvent(phase="loading weights", fraction=share, detail=f"{found[2]} of {found[3]} files")
    phase = next((phase for words, phase in _PHASES if words in message), None)
    return None if phase is None else LogEvent(phase=phase)
