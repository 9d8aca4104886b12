"""Sound of any format as numbers: 16,000 a second, one channel. Read and resampled by the FFmpeg that PyAV brings."""

from __future__ import annotations

import itertools
from typing import Any

import av
import numpy as np

from modelscan_serving.handlers.protocols import BadInput

RATE = 16_000
_LONGEST_SECONDS = 4 * 3600


def read_sound(path: str) -> Any:
    """Raises BadInput for what is no sound, and for more than four hours of it."""
    try:
        with av.open(path, metadata_errors="ignore") as container:
            return _samples(container)
    except (av.FFmpegError, IndexError, ValueError) as error:
        why = getattr(error, "strerror", None) or error  # without the place that it was written to
        raise BadInput(f"The sound cannot be read: {why}.", "file") from error


def _samples(container: Any) -> Any:
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    pieces, length = [np.zeros(0, np.float32)], 0
    for frame in itertools.chain(container.decode(audio=0), (None,)):  # None: what the resampler still holds
        for piece in resampler.resample(frame):
            pieces.append(piece.to_ndarray().reshape(-1))
            length += len(pieces[-1])
        if length > _LONGEST_SECONDS * RATE:
            raise BadInput(f"The sound is longer than {_LONGEST_SECONDS // 3600} hours.", "file")
    return np.concatenate(pieces)
