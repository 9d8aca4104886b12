"""How many matrix parameters of a mixed quantization are in which scheme, by what its groups name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Literal

from modelscan.model import Architecture
from modelscan.parsing.regex import regex

Sort = Literal["attention", "state", "dense", "experts", "head"]

_EVERYTHING = frozenset({"*", "Linear", "re:.*"})
_ELSEWHERE = regex(r"mtp|visual|vision|embed|router")
_STATE = regex(r"linear_attn|mamba|mixer")
_EXPERTS = regex(r"(?<!shared_)experts")
_DENSE = regex(r"mlp|ffn|feed_forward|shared_expert|gate_proj|up_proj|down_proj|gate_up|[(|](gate|up|down)[|)]")
_ATTENTION = regex(r"attn|attention|qkv|[qkvo]_proj|[(|][qkvo][|)]")
_OF_MLP, _WORD = frozenset({"gate", "up", "down"}), regex(r"[a-z]+")
_LAYER = regex(r"layers\.(\d+)\.")
# Of NVFP4 a file has two numbers in each that it stores, and a scale of one byte for 16.
_STORED = 1 / 2 + 1 / 16
_PACKED_SCHEME = "NVFP4"
_BITS = {"FP8": 8, "INT8": 8}
_FOUR = 4


def bits_of_scheme(scheme: str) -> int:
    return _BITS.get(scheme, _FOUR)


def mixture(shape: Architecture, matrices: Mapping[Sort, float], rest: float) -> Mapping[Sort, Mapping[str, float]]:
    """Of each sort of matrices the share in each scheme. What no group names is left out: it stays in 16 bit.

    `matrices` are the parameters of each sort and `rest` all else in the files. Where a summary names one scheme of
    eight bits for all, and the count of stored numbers is too small for it, the count says how many are packed.
    """
    found = {sort: shares(shape, sort) for sort in matrices}
    total, only = sum(matrices.values()), {group.scheme for group in shape.quant_groups}
    summary = len(only) == 1 and all(_EVERYTHING.issuperset(group.modules) for group in shape.quant_groups)
    if not summary or not total or not shape.total_parameters or bits_of_scheme(*only) == _FOUR:
        return found
    packed = min(max((total + rest - shape.total_parameters) / (1 - _STORED) / total, 0.0), 1.0)
    both = {_PACKED_SCHEME: packed, next(iter(only)): 1 - packed}
    return {sort: both for sort in matrices}  # noqa: C420  one mapping for all, which nobody changes


def in_schemes(parts: Mapping[Sort, float], shares_of: Mapping[Sort, Mapping[str, float]]) -> dict[str, float]:
    """The parameters of each scheme, most first."""
    found: dict[str, float] = {}
    for sort, count in parts.items():
        for scheme, share in shares_of[sort].items():
            found[scheme] = found.get(scheme, 0.0) + share * count
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def shares(shape: Architecture, sort: Sort) -> dict[str, float]:
    """The share of matrices of one sort that is in each scheme: as many as its group names modules of that sort."""
    named: Counter[str] = Counter()
    layers: set[str] = set()
    everywhere = False
    for group in shape.quant_groups:
        for module in group.modules:
            if sort in sorts_of(module):
                named[group.scheme] += _projections(module, sort)
                number = _LAYER.search(module)
                everywhere |= number is None
                layers |= {number[1]} if number else set()
    if not named:
        default = next((group.scheme for group in shape.quant_groups if _EVERYTHING.intersection(group.modules)), None)
        return {} if default is None else {default: 1.0}
    there = _layers_of(shape, sort)
    covered = 1.0 if everywhere or not there else min(len(layers) / there, 1.0)
    return {scheme: covered * count / named.total() for scheme, count in named.items()}


def _projections(module: str, sort: Sort) -> int:
    """How many of an MLP's three matrices a module or a pattern names; all of them where it names none."""
    if sort not in {"dense", "experts"}:
        return 1
    return len(_OF_MLP.intersection(_WORD.findall(module.lower()))) or len(_OF_MLP)


def sorts_of(module: str) -> set[Sort]:
    """What a module, or a pattern of modules, is for. Patterns are strangers': they are looked at, never run."""
    text = module.lower()
    if "lm_head" in text:
        return {"head"}
    if module in _EVERYTHING or _ELSEWHERE.search(text):
        return set()
    if _STATE.search(text):
        return {"state"}
    found: set[Sort] = set()
    if _EXPERTS.search(text):
        found.add("experts")
    elif _DENSE.search(text):
        found.add("dense")
        if (text.startswith("re:") or "*" in text) and "shared" not in text:  # of all MLPs, experts among them
            found.add("experts")
    if _ATTENTION.search(text):
        found.add("attention")
    return found


def _layers_of(shape: Architecture, sort: Sort) -> int:
    layers = shape.num_hidden_layers or 0
    if sort == "state":
        return sum(kind in {"linear", "both"} for kind in shape.layer_types)
    if sort == "attention" and shape.layer_types:
        return sum(kind not in {"linear", "none"} for kind in shape.layer_types)
    return layers
