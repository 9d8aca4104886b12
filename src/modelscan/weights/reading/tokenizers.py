"""Whether a repo has a tokenizer, and in which form. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

# transformers reads these at the top (tokenization_utils_base.py), and custom code brings its own. The others are a
# vendor's own form, which goes with the `consolidated` weights.
_COMMON = (
    *("tokenizer*.json", "tokenizer*.model", "vocab.*", "*vocab.txt", "*.tiktoken", "spiece.model", "*.bpe.model"),
    *("sentencepiece*.model", "source.spm", "tokenization_*.py", "tiktoken.model"),
)
_OWN = ("tekken.json", "tekken*.json", "tokenizer.model.v*")
_SETTINGS = "tokenizer_config.json"


def has_tokenizer(names: Iterable[str]) -> bool:
    return any(_is(name, (*_COMMON, *_OWN)) for name in names)


def only_own_tokenizer(names: Iterable[str]) -> bool:
    """Whether the tokenizer comes in the vendor's own form only, which no other loader reads."""
    listed = list(names)
    return any(_is(name, _OWN) for name in listed) and not any(
        _is(name, _COMMON) for name in listed if name != _SETTINGS
    )


def _is(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
