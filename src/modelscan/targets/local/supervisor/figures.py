"""What a backend's log says of its memory: whole figures, or piece by piece."""

from __future__ import annotations

from modelscan.backends.base import LogEvent
from modelscan.model import MeasuredParts

_PARTS = ("weights_bytes", "kv_cache_bytes", "activations_bytes", "graphs_bytes")


class Figures:
    """`whole` are those of each GPU; of a piece its last word counts."""

    def __init__(self) -> None:
        self.whole: dict[str, int] = {}
        self._pieces: dict[tuple[str, str], tuple[int, bool]] = {}

    def take(self, event: LogEvent) -> None:
        for name in (*_PARTS, "kv_cache_tokens"):
            if (value := getattr(event, name)) is None:
                continue
            if event.piece is None:
                self.whole[name] = value
            else:
                self._pieces[event.piece, name] = (value, event.on_host)

    def of_the_gpus(self) -> int | None:
        """All that it takes of them; None where a part is unknown."""
        pieces = [size for size, on_host in self._pieces.values() if not on_host]
        if pieces:
            return sum(pieces)
        parts = [self.whole.get("weights_bytes"), self.whole.get("kv_cache_bytes")]
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(parts) else None

    def parts(self, *, on_gpu: bool) -> MeasuredParts | None:
        """Of the GPU that holds most, or of the host; None where the log says nothing of it."""
        devices: dict[str, dict[str, int]] = {"": {name: self.whole[name] for name in _PARTS if name in self.whole}}
        for (piece, name), (size, on_host) in self._pieces.items():
            if on_host is not on_gpu:
                found = devices.setdefault(piece.partition(" ")[0] if on_gpu else "host", {})
                found[name] = found.get(name, 0) + size
        most = max(devices.values(), key=lambda found: sum(found.values()))
        return MeasuredParts(**most) if most else None
