"""What an adapter changes of a model, from its settings and the header of its matrices.

PEFT names them `….layers.N.PART.MODULE.lora_A.weight` (rank x input) and `lora_B` (output x rank), llama.cpp
`blk.N.MODULE.weight.lora_a` and `lora_b`, each with its dimensions the other way round (convert_lora_to_gguf.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from modelscan.dataclasses import dataclass
from modelscan.parsing.regex import regex
from modelscan.weights.reading.gguf import GgufHeader

_PEFT = regex(r"(?:.*\.)?layers\.(?P<layer>\d+)\.(?:.*\.)?(?P<module>\w+)\.lora_(?P<half>[AB])(?:\.\w+)?\.weight")
_GGUF = regex(r"blk\.(?P<layer>\d+)\.(?P<module>\w+)\.weight\.lora_(?P<half>[ab])")
_TOWER = regex(r"(^|\.)(visual|vision\w*|audio\w*)\.")
# What reads the width of the model, and what writes it; of the first, those that write the inner width.
_READING = frozenset({"q_proj", "k_proj", "v_proj", "gate_proj", "up_proj", "attn_q", "attn_k", "attn_v"}) | {
    "ffn_gate",
    "ffn_up",
}
_WRITING = frozenset({"o_proj", "down_proj", "attn_output", "ffn_down"})
_INNER = frozenset({"gate_proj", "up_proj", "ffn_gate", "ffn_up"})
# Settings of PEFT's LoraConfig that change what the matrices mean, with their plain values (peft 0.18, tuners/lora).
_PLAIN: Mapping[str, tuple[Any, ...]] = {
    "use_dora": (False,),
    "lora_bias": (False,),
    "bias": ("none",),
    "modules_to_save": ([],),
    "layer_replication": ([],),
    "alora_invocation_tokens": ([],),
    "use_qalora": (False,),
    "use_bdlora": ({}, False),
    "trainable_token_indices": ([], {}),
}
# Ways to begin a training that change the model itself; all others only begin it.
_CHANGED_BASES = ("pissa", "olora", "corda", "loftq")


@dataclass(frozen=True, kw_only=True, slots=True)
class Matrices:
    """`layers` counts up to the last that is changed, `width` and `inner_width` are the model's."""

    rank: int
    parameters: int
    layers: int | None
    width: int | None
    inner_width: int | None
    modules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Half:
    """One matrix of a pair: `outer` is the side of the model."""

    layer: int
    module: str
    reads: bool
    rank: int
    outer: int


def peft_matrices(header: Mapping[str, Any]) -> Matrices:
    """Of the header of its safetensors. Raises ValueError where there is none."""
    shapes = {
        name: tuple(item["shape"])
        for name, item in header.items()
        if name != "__metadata__" and isinstance(item, Mapping) and isinstance(item.get("shape"), list)
    }
    return _matrices(_peft_halves(shapes), sum(math.prod(shape) for shape in shapes.values()))


def gguf_matrices(header: GgufHeader) -> Matrices:
    """Of the header of its file. Raises ValueError where there is none."""
    shapes = {tensor.name: tensor.shape for tensor in header.tensors}
    return _matrices(_gguf_halves(shapes), sum(math.prod(shape) for shape in shapes.values()))


def beyond_lora(config: Mapping[str, Any]) -> tuple[str, ...]:
    """What `adapter_config.json` says that plain LoRA does not have."""
    found = [name for name, plain in _PLAIN.items() if config.get(name) is not None and config[name] not in plain]
    start = config.get("init_lora_weights")
    if isinstance(start, str) and start.lower().startswith(_CHANGED_BASES):
        found.append(f"init_lora_weights={start.lower()}")
    return tuple(found)


def _peft_halves(shapes: Mapping[str, tuple[int, ...]]) -> Iterator[_Half]:
    for name, shape in shapes.items():
        found = _PEFT.fullmatch(name)
        if found is not None and len(shape) > 1 and _TOWER.search(name) is None:
            reads = found["half"] == "A"
            rank, outer = (shape[-2], shape[-1]) if reads else (shape[-1], shape[-2])
            yield _Half(int(found["layer"]), found["module"], reads, rank, outer)


def _gguf_halves(shapes: Mapping[str, tuple[int, ...]]) -> Iterator[_Half]:
    for name, shape in shapes.items():
        found = _GGUF.fullmatch(name)
        if found is not None and len(shape) > 1:
            reads = found["half"] == "a"
            outer, rank = (shape[0], shape[1]) if reads else (shape[1], shape[0])
            yield _Half(int(found["layer"]), found["module"], reads, rank, outer)


def _matrices(found: Iterable[_Half], parameters: int) -> Matrices:
    halves = tuple(found)
    if not halves:
        raise ValueError("it holds no matrices of a LoRA")
    wide = {half.outer for half in halves if half.module in (_READING if half.reads else _WRITING)}
    inner = {half.outer for half in halves if not half.reads and half.module in _INNER}
    return Matrices(
        rank=max(half.rank for half in halves),
        parameters=parameters,
        layers=1 + max(half.layer for half in halves),
        width=wide.pop() if len(wide) == 1 else None,
        inner_width=inner.pop() if len(inner) == 1 else None,
        modules=tuple(sorted({half.module for half in halves})),
    )
