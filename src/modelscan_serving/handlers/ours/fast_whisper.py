"""Whisper on CTranslate2: a smaller environment, without torch."""

from __future__ import annotations

import threading
from typing import Any

from faster_whisper import WhisperModel

from modelscan_serving.handlers.ours.audio import RATE, read_sound
from modelscan_serving.handlers.ours.spectrogram import InBlocks
from modelscan_serving.handlers.protocols import BadInput, Cancelled, Segment, SpeechResult, Word

# On a CPU int8 unless 32 bits were asked for: the same words in a fourth of the memory.
_ON_CPU, _ELSEWHERE = {"float32": "float32"}, {"float32": "float32", "float16": "float16", "bfloat16": "bfloat16"}
_KNOWN = ("seek", "tokens", "temperature", "avg_logprob", "compression_ratio", "no_speech_prob")


class FastWhisper:
    capabilities = ("audio-transcription",)

    def __init__(self, folder: str, device: str, dtype: str) -> None:
        where, _, index = device.partition(":")
        self._model = WhisperModel(
            folder,
            device=where,
            device_index=int(index or 0),
            compute_type=_ON_CPU.get(dtype, "int8") if where == "cpu" else _ELSEWHERE.get(dtype, "default"),
            local_files_only=True,
        )
        self._model.feature_extractor = InBlocks(**self._model.feat_kwargs)

    def transcribe(
        self,
        audio_path: str,
        *,
        language: str | None,
        prompt: str | None,
        temperature: float,
        task: str,
        timestamp_granularity: str | None,
        cancel_event: threading.Event | None = None,
    ) -> SpeechResult:
        """Raises BadInput, and Cancelled between two segments."""
        if task == "translate" and not self._model.model.is_multilingual:
            raise BadInput("The model understands English alone: there is nothing to translate.", "model")
        if language not in {None, "en"} and not self._model.model.is_multilingual:
            raise BadInput("The model understands English alone.", "language")
        samples = read_sound(audio_path)
        try:
            pieces, told = self._model.transcribe(
                samples,
                language=language,
                initial_prompt=prompt,
                temperature=temperature,
                task=task,
                word_timestamps=timestamp_granularity == "word",
            )
        except ValueError as error:  # a language that it does not know
            raise BadInput(f"{error}.", "language") from error
        segments: list[Segment] = []
        words: list[Word] = []
        for piece in pieces:
            if cancel_event is not None and cancel_event.is_set():
                raise Cancelled
            segments.append(Segment(piece.start, piece.end, piece.text, _extra(piece)))
            words += [Word(word.word.strip(), word.start, word.end) for word in piece.words or ()]
        text = "".join(segment.text for segment in segments)
        return SpeechResult(text, told.language, round(len(samples) / RATE, 3), segments, words)


def _extra(piece: Any) -> dict[str, Any]:
    return {name: getattr(piece, name) for name in _KNOWN if hasattr(piece, name)}
