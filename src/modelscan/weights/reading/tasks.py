"""The task of a repo that no catalog knows, from its config and file names. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from modelscan.model import Task
from modelscan.parsing.regex import regex
from modelscan.weights.families.table import Families
from modelscan.weights.reading.selection import PIPELINE

CHAT_TEMPLATES = ("chat_template.jinja", "chat_template.json")


# `<tool_call>`, `<|im_start|>`, `<function=`, `[TOOL_CALLS]`, and whether tools are spoken of at all.
_MARKS = regex(r"</?\|?[\w.-]{1,32}(?:\|?>|=)|\[/?[A-Z_]{2,32}\]|\btools\b")
_MOST_MARKS = 200


def template_words(template: str) -> tuple[str, ...]:
    """What a chat template marks its parts with, each once."""
    found = dict.fromkeys(match[0] for match in _MARKS.finditer(template))
    return tuple(sorted(found)[:_MOST_MARKS])


def task_of(
    config: Mapping[str, Any], files: Collection[str], families: Families, *, has_chat_template: bool | None = None
) -> Task:
    """The task. `files` are paths inside the repo; `has_chat_template` None means unknown."""
    listed = config.get("architectures")
    names = " ".join(str(name) for name in listed) if isinstance(listed, list) else ""
    family = families.of(str(config.get("model_type") or "").lower())
    pools = "modules.json" in files or any(name.startswith("1_Pooling/") for name in files)
    generates = any(part in names for part in ("ForCausalLM", "ForConditionalGeneration", "LMHeadModel"))
    task: Task = "other" if names else "chat"
    if PIPELINE in files:
        task = "text-to-video" if "Video" in str(config.get("_class_name")) else "text-to-image"
    elif family.task is not None:
        task = family.task
    elif "SpeechSeq2Seq" in names:
        task = "speech-to-text"
    elif "ForSequenceClassification" in names:
        task = "rerank"
    elif pools or (not generates and (family.encoder or names.endswith("Model"))):
        task = "embed"
    elif generates:
        # Multimodal models are trained for chat, with or without a template.
        base = has_chat_template is False and "ForConditionalGeneration" not in names
        task = "completion" if base else "chat"
    return task
