"""What catalogs state in words of their own, in ours (pure)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from modelscan.catalog.naming.words import QUANTIZATION_SPELLINGS
from modelscan.parsing import fields

NPU_FORMAT = "msmodelslim"  # Ascend's own tool, whose files only its NPUs load


def quantization_word(value: object) -> str | None:
    """The word of `--quantization`, or a GGUF name, in capitals; Unsloth's mixtures (`UD-`) go by their GGUF name."""
    found = (fields.text(value) or "").upper().removeprefix("UD-")
    return QUANTIZATION_SPELLINGS.get(found, found) or None


def format_for(parameters: Sequence[object]) -> str | None:
    """The format that only one kind of device reads, where the arguments of a command name its method."""
    words = [part for word in parameters if isinstance(word, str) for part in word.split("=", 1)]
    asked = {value for flag, value in itertools.pairwise(words) if flag == "--quantization"}
    return NPU_FORMAT if "ascend" in asked else None
