"""What the handlers' server takes beside weights.

Measured on 2026-12-01 with transformers 5.24.0 and torch 2.13.0 for CPU: the proportional set size of the server with
one of nine models, after a first request. With nothing but a model of a megabyte 419 and 428 MiB for chat, 465 to 478
where sentence-transformers is loaded, 484 with diffusers. Whisper took 115 to 305 MiB beside its weights for a clip of
25 s, a batch of 16 texts 48.
"""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.backends.capabilities import Occupies
from modelscan.model import Device, Task
from modelscan.units import MIB
from modelscan.weights.counting.sizes import Sized

# Of the server with CTranslate2 alone, int8: 90 and 91 MiB beside the weights of two sizes of Whisper once they are
# loaded, 48 and 44 more after a clip of six seconds, 132 after one of ten minutes, with 270 for a moment.
_WITHOUT_TORCH = Sized(80 * MIB, 92 * MIB, 130 * MIB)
_HEARING_ALONE = Sized(30 * MIB, 60 * MIB, 320 * MIB)
_PROCESS: Mapping[Task, int] = {"embed": 460 * MIB, "rerank": 460 * MIB, "text-to-image": 470 * MIB}
_CTRANSLATE2 = "ctranslate2"
_SMALLEST = 410 * MIB
_BOUNDS = 0.9, 1.4  # one more library that a model asks for takes 50 to 100 MiB
# Beside the context, which every budget of a GPU leaves free: what vLLM grows by outside PyTorch's memory in public
# logs. Not measured for this server.
_ON_GPU = Sized(40 * MIB, 140 * MIB, 400 * MIB)
_HEARING = Sized(60 * MIB, 240 * MIB, 420 * MIB)
# Of a request of another kind: for large models in proportion, which is an estimate.
_LEAST, _MOST = Sized(8 * MIB, 32 * MIB, 128 * MIB), (0.02, 0.05, 0.25)


class TransformersOccupies(Occupies):
    def process(self, task: Task, device: Device, form: str | None) -> Sized:
        if form == _CTRANSLATE2:
            return _WITHOUT_TORCH
        if device != "cpu":
            return _ON_GPU
        size = _PROCESS.get(task, _SMALLEST)
        return Sized(int(size * _BOUNDS[0]), size, int(size * _BOUNDS[1]))

    def working(self, task: Task, weights_bytes: int, form: str | None) -> Sized:
        low, estimate, high = (int(weights_bytes * share) for share in _MOST)
        least = _HEARING if task == "speech-to-text" else _LEAST
        if form == _CTRANSLATE2:
            least, high = _HEARING_ALONE, 0
        return Sized(max(least.low, low), max(least.estimate, estimate), max(least.high, high))


OCCUPIES = TransformersOccupies()
