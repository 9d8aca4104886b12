"""Sound of any format as numbers: 16,000 a second, one channel."""

from __future__ import annotations

from typing import Any

import numpy as np
import soundfile
import soxr

from modelscan_serving.handlers.protocols import BadInput

RATE = 16_000
_LONGEST_SECONDS = 4 * 3600


def read_sound(path: str) -> Any:
    """Raises BadInput for what is no sound, and for more than four hours of it."""
    try:
        with soundfile.SoundFile(path) as file:
            if file.frames > _LONGEST_SECONDS * file.samplerate:
                raise BadInput(f"The sound is longer than {_LONGEST_SECONDS // 3600} hours.", "file")
            samples, rate = file.read(dtype="float32", always_2d=True).mean(axis=1), file.samplerate
    except soundfile.LibsndfileError:
        samples, rate = _with_av(path)
    if rate != RATE:
        samples = soxr.resample(samples, rate, RATE)
    return np.ascontiguousarray(samples, dtype=np.float32)


def _with_av(path: str) -> tuple[Any, int]:
    """What libsndfile does not read (m4a, webm), where PyAV is there."""
    try:
        import av
    except ImportError as error:
        raise BadInput("The sound cannot be read: send wav, flac, ogg or mp3.", "file") from error
    try:
        with av.open(path, metadata_errors="ignore") as container:
            resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
            frames = [
                piece.to_ndarray().reshape(-1)
                for frame in container.decode(audio=0)
                for piece in resampler.resample(frame)
            ]
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise BadInput(f"The sound cannot be read: {error}.", "file") from error
    return (np.concatenate(frames) if frames else np.zeros(0, np.float32)), RATE
