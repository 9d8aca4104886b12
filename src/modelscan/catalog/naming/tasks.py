"""What a model is for, where no source says it: from its modalities and from the words of its name (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from modelscan.catalog.naming import words as vocabulary
from modelscan.model import Task

# What only a model of this task does.
_TASKS_OF_TAGS: dict[str, Task] = {"reasoning": "chat", "image-editing": "text-to-image"}


def infer_task(parts: Sequence[str], inputs: Sequence[str], outputs: Sequence[str]) -> Task:
    """The task; `chat` is what models without any sign of another are."""
    words = set(parts)
    for task, signs in vocabulary.TASK_SIGNS:
        if not signs.isdisjoint(words) and "text" not in outputs[1:]:
            return task
    if outputs and "text" not in outputs:
        return next((task for kind, task in vocabulary.OUTPUT_TASKS.items() if kind in outputs), "other")
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
    implied = {
        "reasoning": reasoning,
        "vision": "image" in inputs,
    }
    tags = dict.fromkeys(stated)
    for tag, signs in vocabulary.TAG_SIGNS:
        if _TASKS_OF_TAGS.get(tag) in {None, task} and (implied.get(tag) or not signs.isdisjoint(words)):
            tags[tag] = None
    if tools:
        tags["tools"] = None
    return tuple(tags)
