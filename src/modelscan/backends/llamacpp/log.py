"""What llama-server's log says on its way to being ready, with `--log-verbosity 4`. Lines of b10434 and of xllamacpp
2026.10.11549 (run on a CPU); those of GPUs as in its issues and in Ollama's reader of the same lines.
"""

from __future__ import annotations

from modelscan.backends.base import LogEvent
from modelscan.backends.explaining.logtext import message_of
from modelscan.parsing.regex import regex
from modelscan.units import MIB

_BUFFER = regex(r": +(\S+) +(model|KV|RS|compute) buffer size *= *([\d.]+) MiB")
_ON_HOST = regex(r"CPU.*|.*_Host|Host|BLAS|AMX|ACCEL")
_LAYERS = regex(r"offloaded (\d+)/(\d+) layers to GPU")
_SLOTS = regex(r"n_slots = (\d+), n_ctx_slot = (\d+)")

_PHASES = (
    ("listening on http", "listening"),
    ("warming up the model", "warming up"),
    ("constructing llama_context", "warming up"),
    ("loading model tensors", "loading weights"),
    ("load_model: loading model", "loading weights"),
    ("system_info: ", "starting"),
)


def read_line(line: str) -> LogEvent | None:
    """The phase or the figure that a line gives; None for all the others."""
    message = message_of(line)
    if found := _BUFFER.search(message):
        return _buffer(found[1], found[2], round(float(found[3]) * MIB))
    if found := _LAYERS.search(message):
        return LogEvent(phase="loading weights", detail=f"{found[1]} of {found[2]} layers on the GPU")
    if found := _SLOTS.search(message):
        slots, length = int(found[1]), int(found[2])
        return LogEvent(kv_cache_tokens=slots * length, max_concurrency=float(slots))
    phase = next((phase for words, phase in _PHASES if words in message), None)
    return None if phase is None else LogEvent(phase=phase)


def _buffer(device: str, kind: str, size: int) -> LogEvent:
    """A run that tries layouts (`--fit on`) says it several times: of each the last counts."""
    on_host = _ON_HOST.fullmatch(device) is not None
    piece = f"{device} {kind}"
    if kind == "model":
        return LogEvent(piece=piece, on_host=on_host, weights_bytes=size)
    if kind == "compute":
        return LogEvent(piece=piece, on_host=on_host, activations_bytes=size)
    return LogEvent(piece=piece, on_host=on_host, kv_cache_bytes=size)
