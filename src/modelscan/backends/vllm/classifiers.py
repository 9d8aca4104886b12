"""Rerankers that are released as models that generate: vLLM makes classifiers of them, told so by `--hf-overrides`."""

from __future__ import annotations

import json

from modelscan.parsing.regex import regex

_CLASSIFIER = regex(r"\w{1,80}ForSequenceClassification")
_LONGEST_TOKEN = 20


def makes_a_classifier(overrides: str) -> bool:
    """Whether the JSON says this and nothing else of a config: which class, from which two tokens, in the original form
    of Qwen3's rerankers or not (0.32: model_executor/models/adapters.py, config.py). A catalog may say no more: other
    keys of a config name code and places.
    """
    try:
        document = json.loads(overrides)
    except (ValueError, RecursionError):
        return False
    if not isinstance(document, dict):
        return False
    match document:
        case {"architectures": [str(name)], "classifier_from_token": [str(no), str(yes)], **rest}:
            tokens = all(len(token) <= _LONGEST_TOKEN for token in (no, yes))
            flag = rest.pop("is_original_qwen3_reranker", False)
            return not rest and tokens and isinstance(flag, bool) and _CLASSIFIER.fullmatch(name) is not None
    return False
