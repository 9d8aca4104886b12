"""What catalogs state in words of their own, in ours (pure)."""

from __future__ import annotations

from modelscan.catalog.naming.words import QUANTIZATION_SPELLINGS
from modelscan.parsing import fields


def quantization_word(value: object) -> str | None:
    """The word of `--quantization`, or a GGUF name, in capitals; Unsloth's mixtures (`UD-`) go by their GGUF name."""
    found = (fields.text(value) or "").upper().removeprefix("UD-")
    return QUANTIZATION_SPELLINGS.get(found, found) or None
