"""Whisper on transformers: text, segments, or words with their times."""

from __future__ import annotations

import threading
from typing import Any

import torch
from transformers import AutoModelForSpeechSeq2Seq, AutoProcessor, StoppingCriteriaList, pipeline

from modelscan_serving.handlers.ours.audio import RATE, read_sound
from modelscan_serving.handlers.ours.sentences import sentences_of
from modelscan_serving.handlers.ours.tokens import EndsWith
from modelscan_serving.handlers.ours.torch_setup import dtype_of
from modelscan_serving.handlers.protocols import BadInput, Segment, SpeechResult, Word


class Whisper:
    capabilities = ("audio-transcription",)

    def __init__(self, folder: str, device: str, dtype: str) -> None:
        kind = dtype_of(dtype, device)
        self._processor = AutoProcessor.from_pretrained(folder, local_files_only=True)
        model = AutoModelForSpeechSeq2Seq.from_pretrained(folder, dtype=kind, local_files_only=True)
        self._model = model.to(device).eval()
        self._languages = self._model.generation_config.to_dict().get("lang_to_id") or {}
        self._pipeline = pipeline(
            "automatic-speech-recognition",
            model=self._model,
            tokenizer=self._processor.tokenizer,
            feature_extractor=self._processor.feature_extractor,
            device=device,
        )

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
        """Where words were asked for, segments are their sentences. Raises BadInput, Cancelled."""
        samples = read_sound(audio_path)
        options, spoken = self._spoken(samples, language, task)
        if prompt:
            options["prompt_ids"] = self._processor.get_prompt_ids(prompt, return_tensors="pt").to(self._model.device)
        if temperature:
            options |= {"do_sample": True, "temperature": temperature}
        with torch.inference_mode():
            heard = self._pipeline(
                {"raw": samples, "sampling_rate": RATE},
                return_timestamps="word" if timestamp_granularity == "word" else bool(timestamp_granularity),
                generate_kwargs={**options, "stopping_criteria": StoppingCriteriaList([EndsWith(cancel_event)])},
            )
        duration = round(len(samples) / RATE, 3)
        pieces = [(*_times(item["timestamp"], duration), item["text"]) for item in heard.get("chunks", ())]
        result = SpeechResult(heard["text"], spoken, duration)
        if timestamp_granularity == "word":
            result.words = [Word(text.strip(), start, end) for start, end, text in pieces]
            result.segments = sentences_of(pieces)
        elif timestamp_granularity:
            result.segments = [Segment(start, end, text) for start, end, text in pieces]
        return result

    def _spoken(self, samples: Any, language: str | None, task: str) -> tuple[dict[str, Any], str | None]:
        """What `generate` is told of the language, and which it is. Raises BadInput for one that it does not know."""
        if not self._languages:
            if task == "translate":
                raise BadInput("The model understands English alone: there is nothing to translate.", "model")
            if language not in {None, "en", "english"}:
                raise BadInput("The model understands English alone.", "language")
            return {}, "en"
        code = self._known(language.lower()) if language is not None else self._detected(samples)
        return {"language": code, "task": task}, code

    def _known(self, language: str) -> str:
        from transformers.models.whisper.tokenization_whisper import TO_LANGUAGE_CODE

        code = str(TO_LANGUAGE_CODE.get(language, language))
        if f"<|{code}|>" not in self._languages:
            raise BadInput(f"The model does not know the language `{language}`.", "language")
        return code

    def _detected(self, samples: Any) -> str:
        """By its first half minute."""
        found = self._processor.feature_extractor(samples[: 30 * RATE], sampling_rate=RATE, return_tensors="pt")
        features = found.input_features.to(self._model.device, self._model.dtype)
        with torch.inference_mode():
            token = int(self._model.detect_language(input_features=features)[0])
        return next((word[2:-2] for word, number in self._languages.items() if number == token), "en")


def _times(given: tuple[float | None, float | None], duration: float) -> tuple[float, float]:
    """In seconds. The last one may have no end."""
    start = given[0] or 0.0
    end = given[1] if given[1] is not None else duration
    return round(float(start), 3), round(max(float(end), float(start)), 3)
