"""Words of other languages in a search, as the English ones that mean the same (pure).

The uses of models and the families that have a name of their own in Chinese; asked only where a query has letters
beyond ASCII.
"""

from __future__ import annotations

import re
import unicodedata

from modelscan.catalog.index.words import TRANSLATIONS


def in_english(text: str) -> str:
    """A query in lowercase without accents, with known words in English; the rest stays."""
    # Only the Latin script is read without its marks: elsewhere they are letters.
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not "\u0300" <= letter <= "\u036f")
    found = unicodedata.normalize("NFC", plain)
    for pattern, meaning in TRANSLATIONS:
        found = re.sub(pattern, f" {meaning} ", found)
    return found
