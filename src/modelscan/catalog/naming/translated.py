"""Words of other languages in names and searches, as the English ones that mean the same (pure).

Scripts without spaces are translated by pattern, the others word by word: a word, up to three words that belong
together, or a stem (`программир*`). Words that only join others (`para`, `zum`) are dropped where something else shows
that the text is in such a language: alone they may be part of a name (`jina-embeddings-v2-base-de`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from modelscan.catalog.naming.languages import FOREIGN, FOREIGN_FILLERS, TRANSLATIONS
from modelscan.parsing.regex import regex

_LONGEST_PHRASE = 3
_SHORTEST_STEM = 4
_TWICE = regex(r"\b([^\W\d_]+)\s+\1(?![^\W\d_])")  # `智谱 glm-4.7`, where both are `glm`
_BILLIONS = regex("(?<=\\d)\u0431(?![^\\W\\d_])")  # `7b` in Cyrillic letters
_TIMES = "\u00d7"  # `8x7b`, as typesetters write it
_TOKEN = regex(r"[^\W_]+|[\W_]+")


def in_english(text: str) -> str:
    """A text in lowercase without accents, with known words in English; the rest stays, spaces and marks included."""
    found = text.casefold()
    if not found.isascii():
        # Only the Latin script is read without its marks: elsewhere they are letters.
        plain = "".join(letter for letter in unicodedata.normalize("NFKD", found) if not "\u0300" <= letter <= "\u036f")
        found = _BILLIONS.sub("b", unicodedata.normalize("NFC", plain).replace(_TIMES, "x"))
    if not found.isascii():
        for pattern, meaning in TRANSLATIONS:
            found = re.sub(pattern, f" {meaning} ", found)
    return _TWICE.sub(r"\1", _word_by_word(found))


def unread(text: str) -> str:
    """The letters of a translated text that no name has, so that nothing is silently dropped."""
    return "".join(letter for letter in text if letter.isalpha() and not letter.isascii())


def _word_by_word(text: str) -> str:
    tokens = _TOKEN.findall(text)
    kept: list[str] = []
    is_foreign = False
    at = 0
    while at < len(tokens):
        length, meaning = _phrase(tokens[at:]) if tokens[at].isalpha() else (1, None)
        is_foreign = is_foreign or meaning is not None
        kept.append(tokens[at] if meaning is None else f" {meaning} " if meaning else " ")
        at += length
    if not is_foreign:
        return text
    return "".join(token for token in kept if token not in FOREIGN_FILLERS)


def _phrase(tokens: Sequence[str]) -> tuple[int, str | None]:
    """How many tokens mean something together, and what; words and the spaces between them alternate."""
    for words in range(_LONGEST_PHRASE, 0, -1):
        part = tokens[: 2 * words - 1]
        if len(part) == 2 * words - 1 and (meaning := FOREIGN.get("".join(part))) is not None:
            return len(part), meaning
    word = tokens[0]
    for length in range(len(word), _SHORTEST_STEM - 1, -1):
        if (meaning := FOREIGN.get(f"{word[:length]}*")) is not None:
            return 1, meaning
    return 1, None
