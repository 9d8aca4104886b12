"""Words of a request that go into a backend's command line, checked before anything is looked up.

Lists from `vllm serve --help` 0.33.0 and SGLang 0.5.23: the words of both count, whichever is planned for.
"""

from __future__ import annotations

import re
from difflib import get_close_matches

from modelscan import dataclasses
from modelscan.errors import Usage
from modelscan.model import PlanRequest
from modelscan.parsing.regex import regex

DTYPES = ("auto", "bfloat16", "float16", "float32")
KV_CACHE_DTYPES = (
    *("auto", "bfloat16", "float16", "fp8", "fp8_e4m3", "fp8_e5m2", "fp8_inc", "fp8_ds_mla", "fp8_per_token_head"),
    *("int8_per_token_head", "int4_per_token_head", "nvfp4", "mxfp8", "fp4_mx_block16"),
    *("q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl"),
)
_OTHER_NAMES = {
    **dict.fromkeys(("fp16", "f16", "half"), "float16"),
    **dict.fromkeys(("fp32", "f32", "float"), "float32"),
    "bf16": "bfloat16",
}
_FAMILY_OF_WORDS = "turboquant_[a-z0-9_]+"
DTYPE_PATTERN = "|".join((*DTYPES, *_OTHER_NAMES))
KV_CACHE_DTYPE_PATTERN = "|".join((*KV_CACHE_DTYPES, *_OTHER_NAMES, _FAMILY_OF_WORDS))
# A release as PEP 440 writes it, with the local part that names a build: 0.33.0, 0.33, 0.34.0rc1, 0.33.0+cu130.
VERSION_PATTERN = r"[0-9]+(?:\.[0-9]+){0,3}(?:(?:a|b|rc|\.post|\.dev)[0-9]+)*(?:\+[a-z0-9]+(?:[._-][a-z0-9]+)*)?"
_FAMILIES_OF_WORDS = regex(_FAMILY_OF_WORDS)
_VERSION = regex(VERSION_PATTERN, re.IGNORECASE)


def checked_words(request: PlanRequest) -> PlanRequest:
    """The request with its words as backends spell them. Raises Usage, with the list, for a word that none knows."""
    version = request.backend_version
    if version is not None and _VERSION.fullmatch(version) is None:
        raise Usage(
            f"`--backend-version {version}` is not a version",
            hints=["write it like 0.33.0", "modelscan backend list"],
            details={"backend_version": version},
        )
    return dataclasses.replace(
        request,
        dtype=_word("--dtype", request.dtype, DTYPES),
        kv_cache_dtype=_word("--kv-cache-dtype", request.kv_cache_dtype, KV_CACHE_DTYPES),
    )


def _word(option: str, text: str | None, known: tuple[str, ...]) -> str | None:
    """As backends spell it; None leaves the choice to the plan."""
    if text is None:
        return None
    word = _OTHER_NAMES.get(text.lower(), text.lower())
    if word == "auto":
        return None
    if word in known or (known is KV_CACHE_DTYPES and _FAMILIES_OF_WORDS.fullmatch(word)):
        return word
    near = get_close_matches(word, known, n=1)
    raise Usage(
        f"`{option} {text}` is not one of {', '.join(known)}",
        hints=[f"did you mean `{option} {near[0]}`?"] if near else ["leave it out, and the plan chooses"],
        details={"option": option, "value": text, "known": list(known)},
    )
