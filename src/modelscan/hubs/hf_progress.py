"""How far a download is: the one thing huggingface_hub offers for it is the class of its progress bars."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Self

from modelscan.units import format_bytes

OnProgress = Callable[[float | None, str], None]
_STEP = 0.005


class Meter:
    """Calls `on_progress(fraction, words)`, at most every half percent, from any thread.

    The library makes one bar for bytes received and one for bytes written, and one that counts files. Which of the
    first two moves depends on how a file is transferred, so the one that is further tells.
    """

    def __init__(self, expected_bytes: int, on_progress: OnProgress) -> None:
        self.expected = expected_bytes
        self.on_progress = on_progress
        self.lock = threading.RLock()
        self.told = -1.0

    def tell(self, done: float) -> None:
        with self.lock:
            fraction = min(done / self.expected, 1.0) if self.expected else 0.0
            if fraction - self.told >= _STEP:
                self.told = fraction
                shown = format_bytes(min(int(done), self.expected))
                self.on_progress(fraction, f"{shown} of {format_bytes(self.expected)}")


class _Bar:
    """As much of tqdm as the library uses of it."""

    meter: ClassVar[Meter]

    def __init__(self, *_: Any, total: float | None = None, initial: float = 0, unit: str = "it", **__: Any) -> None:
        self.n, self.total, self.unit = initial, total, unit
        self.format_dict: dict[str, Any] = {}
        self.disable = False

    def update(self, n: float | None = 1) -> None:
        with self.meter.lock:
            self.n += n or 0
            if self.unit == "B":
                self.meter.tell(self.n)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def _nothing(self, *_: Any, **__: Any) -> None:
        """Where a bar would draw."""

    close = refresh = reset = set_description = set_description_str = set_postfix_str = set_postfix = _nothing


def bar_class(expected_bytes: int, on_progress: OnProgress) -> type[Any]:
    """What to hand the library as `tqdm_class`."""
    return type("Bar", (_Bar,), {"meter": Meter(expected_bytes, on_progress)})


def silent_bar_class() -> type[Any]:
    """For small files: nothing to tell, and nothing may be drawn."""
    return bar_class(0, lambda _fraction, _words: None)
