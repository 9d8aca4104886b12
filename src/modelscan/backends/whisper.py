"""Whisper, as servers prompt it that know its multilingual sizes alone."""

from __future__ import annotations

from modelscan.model import Architecture

_ENGLISH = 51_864  # the vocabulary of every size for English alone; the others have one or two tokens more


def english_problem(shape: Architecture) -> str | None:
    """Why such a server cannot serve Whisper for English alone, which was trained without a language and a task in its
    prompt: tiny.en ends at once after `<|en|><|transcribe|>`, so each answer was an empty text (run on vLLM 0.32.0, and
    with both prompts on transformers).
    """
    if shape.model_type != "whisper" or shape.vocab_size != _ENGLISH:
        return None
    return "tells Whisper a language and a task, and one for English alone then answers with nothing"
