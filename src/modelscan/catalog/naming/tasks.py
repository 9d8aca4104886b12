"""What a model is for, where no source says it: from its modalities and from the words of its name (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from modelscan.model import Task

_WORD_TASKS: tuple[tuple[frozenset[str], Task], ...] = (
    (frozenset({"rerank", "reranker", "reranking"}), "rerank"),
    (frozenset({"embed", "embedding", "embeddings", "embeddinggemma", "e5", "bge", "gte"}), "embed"),
    (frozenset({"whisper", "transcribe", "asr", "scribe", "parakeet"}), "speech-to-text"),
    (frozenset({"tts", "speech", "cosyvoice"}), "text-to-speech"),
)
_CODE_WORDS = frozenset({
    "code", "coder", "codestral", "devstral", "starcoder", "codellama", "codegemma", "codex", "coding", "mellum",
    "sqlcoder",
})  # fmt: skip
_REASONING_WORDS = frozenset({"thinking", "think", "reasoning", "reasoner", "qwq", "qvq", "r1", "magistral"})
_VISION_WORDS = frozenset({"vl", "vision", "vlm", "ocr", "pixtral", "llava", "internvl", "4.5v", "4.6v", "multimodal"})


def infer_task(parts: Sequence[str], inputs: Sequence[str], outputs: Sequence[str]) -> Task:
    """The task; `chat` is what models without any sign of another are."""
    words = set(parts)
    for signs, task in _WORD_TASKS:
        if not signs.isdisjoint(words) and "text" not in outputs[1:]:
            return task
    if outputs and "text" not in outputs:
        kinds: tuple[tuple[str, Task], ...] = (
            ("video", "text-to-video"), ("image", "text-to-image"), ("audio", "text-to-speech"),
        )  # fmt: skip
        return next((task for kind, task in kinds if kind in outputs), "other")
    if inputs and set(inputs) == {"audio"}:
        return "speech-to-text"
    return "chat"


def infer_tags(
    stated: Iterable[str],
    parts: Sequence[str],
    task: Task,
    inputs: Sequence[str],
    *,
    reasoning: bool,
    tools: bool,
) -> tuple[str, ...]:
    """Words for search: the stated ones and what name, modalities and capabilities imply."""
    words = set(parts)
    tags = dict.fromkeys(stated)
    if not _CODE_WORDS.isdisjoint(words):
        tags["coding"] = None
    if task == "chat" and (reasoning or not _REASONING_WORDS.isdisjoint(words)):
        tags["reasoning"] = None
    if "image" in inputs or not _VISION_WORDS.isdisjoint(words):
        tags["vision"] = None
    if task == "text-to-image" and not {"edit", "editing", "kontext"}.isdisjoint(words):
        tags["image-editing"] = None
    if "ocr" in words:
        tags["ocr"] = None
    if tools:
        tags["tools"] = None
    return tuple(tags)
