"""The spectrogram that Whisper hears, made a minute at a time: as a whole, ten minutes took half a gigabyte."""

from __future__ import annotations

from typing import Any

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor

_FRAMES = 6000
_RANGE = 8.0  # in powers of ten, below the loudest of all of it


class InBlocks(FeatureExtractor):  # type: ignore[misc]  # not installed where this is checked
    """Frame by frame the numbers of faster-whisper 1.2.1, which has all of it in complex numbers for a moment."""

    def __call__(self, waveform: Any, padding: int = 160, chunk_length: int | None = None) -> Any:
        if chunk_length is not None:
            self.n_samples = chunk_length * self.sampling_rate
            self.nb_max_frames = self.n_samples // self.hop_length
        half = self.n_fft // 2
        sound = np.pad(np.pad(waveform.astype(np.float32, copy=False), (0, padding)), (half, half), mode="reflect")
        count = (len(sound) - self.n_fft) // self.hop_length  # without the last one
        window = np.hanning(self.n_fft + 1)[:-1].astype(np.float32)
        found = np.empty((len(self.mel_filters), count), np.float32)
        for first in range(0, count, _FRAMES):
            last = min(first + _FRAMES, count)
            piece = sound[first * self.hop_length : (last - 1) * self.hop_length + self.n_fft]
            waves = self.stft(
                piece, self.n_fft, self.hop_length, window=window, center=False, return_complex=True
            ).astype("complex64")
            found[:, first:last] = self.mel_filters @ (np.abs(waves) ** 2)
        np.log10(np.clip(found, 1e-10, None, out=found), out=found)
        np.maximum(found, found.max() - _RANGE, out=found)
        found += 4.0
        found /= 4.0
        return found
