"""A name out of a sentence, or written more closely than its parts can be told apart (pure).

Asked only where the words as they stand name nothing: `Qwen 3.6 with 27 billion parameters`, `glm47-flash`.
"""

from __future__ import annotations

from modelscan.catalog.naming import words as vocabulary
from modelscan.parsing.regex import regex

_COUNT = regex(r"(\d+(?:\.\d+)?)[\s-]*(billion|million|trillion)\b")
_VERSION = regex(r"(?<=[a-z]{2})(\d)(\d)(?![\d.]|[bm](?![a-z]))")  # `qwen38`, and not `llama70b`
_GAP = regex(r"[\s,;]+")


def plainly(text: str) -> str:
    """The text without the words of a sentence, numbers of parameters as names have them, and points in versions."""
    said = _COUNT.sub(lambda found: f"{found[1]}{found[2][0]}", text.casefold())
    kept = [word for word in _GAP.split(said) if word and word not in vocabulary.PROSE]
    return _VERSION.sub(r"\1.\2", " ".join(kept))
