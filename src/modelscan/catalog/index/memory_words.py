"""How large a model may be for the memory that a search speaks of: `12gb vram`, `for 2x rtx 4090`, `no gpu`."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from modelscan.catalog.index import words as vocabulary
from modelscan.storage.shipped import shipped_text
from modelscan.units import GIB

# Weights of 4 bits with their scales take 0.56 bytes a parameter (4.5 bits, as GPTQ and AWQ with groups of 128 or
# fewer have it), and a fifth of the memory is for the KV cache and the backend.
_BYTES_A_PARAMETER = 0.56
_SHARE = 0.8
WITHOUT_GPU = 5_000_000_000  # what a CPU answers with at reading speed, in 4 bits

_COUNTS = {"two": 2, "dual": 2, "double": 2, "three": 3, "triple": 3, "four": 4, "quad": 4}
_COUNT = rf"(?:(?:(?P<count>\d{{1,2}}) ?x|(?P<word>{'|'.join(_COUNTS)})(?= )) ?)?"

# Kept as text: to compile them takes longer than a search.
_GB = (
    rf"(?<![\w.-]){_COUNT}(?P<size>\d{{1,4}}) ?(?:gb?|gib|go|gigs?|gigabytes?)"
    r"(?: (?:(?:of|de|di|von) )?(?:vram|ram|gpu|gpus|card|cards|memory|graphics|video|unified|system))*(?![\w-])"
)
_CPU = (
    r"\b(?:without|no) (?:a |an )?gpu\b|\bcpu[ -]only\b|\b(?:only|for|on) (?:a |my |the )?cpu\b"
    r"|\braspberry ?pi(?: ?\d)?\b"
)
# A bare figure may be a part of a model's name; before it something must say that a machine is meant.
_GPU = (
    r"(?:(?<=\s)(?:for|on|with|my|have|got|fits?|runs?|single|one|a|an) (?:a |an |my |the |one |single )?)?"
    rf"{_COUNT}(?P<name>(?:nvidia |amd |intel |geforce |radeon |rtx |gtx |rx |arc |tesla |quadro )*"
    r"[a-z]{0,4}-?\d{1,5}[a-z]{0,3}(?: (?:ti|super|xt|xtx|ada|pro|max|pcie|sxm))*)(?P<size> \d{2,3} ?gb)?(?![\w.-])"
)
# `m3` alone is a part of names.
_APPLE = r"\b(?:apple )?m[1-6](?: (?:pro|max|ultra|air))?\b"
_VENDORS = ("nvidia", "amd", "intel", "geforce", "radeon", "rtx", "gtx", "rx", "arc", "tesla", "quadro")


def largest_for(text: str) -> tuple[int | None, str]:
    """The most parameters of a chat model for the machine that a search names, and the text without it."""
    if match := re.search(_CPU, text):
        rest = _cut(text, match)
        stated = re.search(_GB, rest)
        most = _parameters(int(stated["size"]) * GIB) if stated else WITHOUT_GPU
        return min(most, WITHOUT_GPU), re.sub(_GB, " ", rest)
    for name, size in vocabulary.MACHINES.items():
        if f" {name} " in text:
            rest = text.replace(name, " ")
            stated = re.search(_GB, rest)
            return _parameters(int(stated["size"] if stated else size) * GIB), re.sub(_GB, " ", rest)
    for match in re.finditer(_GPU, text) if any(sign.isdigit() for sign in text) else ():
        named = match["name"].strip()
        is_meant = named.startswith(_VENDORS) or match[0].strip() not in {named, match["name"]} or text.strip() == named
        if is_meant and any(sign.isdigit() for sign in named) and (memory := _memory(named)):
            return _parameters(memory * _count(match)), re.sub(_GB, " ", _cut(text, match))
    if match := re.search(_GB, text):
        rest = _cut(text, match)
        return _parameters(int(match["size"]) * GIB * _count(match)), re.sub(
            _APPLE, " ", rest
        ) if "mac" in rest else rest
    return None, text


def _count(match: re.Match[str]) -> int:
    return _COUNTS.get(match["word"] or "", int(match["count"] or 1))


def _parameters(memory: float) -> int:
    return round(memory * _SHARE / _BYTES_A_PARAMETER)


def _memory(name: str) -> int | None:
    return _memories()(name)


@cache
def _memories() -> Callable[[str], int | None]:
    """The memory of each GPU, by all that people call it."""
    from modelscan.hardware.gpu_table import gpu_keys, parse_gpu_table, slug  # few searches name a GPU

    table = parse_gpu_table(shipped_text("gpus.csv"))
    found: dict[str, int] = {}
    for together in (False, True):
        for facts in table:
            for key in gpu_keys(facts, together=together):
                found.setdefault(key, facts.memory_bytes)
    return lambda name: found.get(slug(name))


def _cut(text: str, match: re.Match[str]) -> str:
    return f"{text[: match.start()]} {text[match.end() :]}"
