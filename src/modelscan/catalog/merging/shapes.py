"""What the shapes that ship with the program say of a merged model: the longest context of its weights, and how much
their files are about (pure).

Computed with the arithmetic of the planner while the shipped index is built, which keeps it: a search shows what a plan
would say and loads none of it, and a refresh computes only what is new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from modelscan import dataclasses
from modelscan.catalog.merging.merge import Merged
from modelscan.model import HUB_SOURCES, Architecture, Model, Weights, WeightsDescription
from modelscan.weights.counting.bytes import BYTES_PER_PARAMETER, weights_bytes
from modelscan.weights.families.table import Families
from modelscan.weights.reading.shipped import describe_shipped

# Formats of four-bit integers by how they are stored; nearly all releases that do not say are in BF16.
_NUMBERS = {"AWQ": "INT4", "GPTQ": "INT4", "W4A16": "INT4", "W8A8": "INT8", "W8A16": "INT8", None: "BF16"}


class SaidByShapes(NamedTuple):
    """Of a model: the longest context, and about how many bytes each of its weights are."""

    native_context: int | None
    estimated_bytes: tuple[int | None, ...]


def with_shapes(merged: Iterable[Merged], said: Callable[[Model], SaidByShapes]) -> Iterator[Merged]:
    """The same models with `native_context`, and `estimated_bytes` of weights whose size no source states."""
    for item in merged:
        yield dataclasses.replace(item, model=_shaped(item.model, said(item.model))) if item.model.weights else item


def _shaped(model: Model, said: SaidByShapes) -> Model:
    sized = (
        dataclasses.replace(weights, estimated_bytes=size) if size is not None else weights
        for weights, size in zip(model.weights, said.estimated_bytes, strict=True)
    )
    return dataclasses.replace(model, weights=tuple(sized), native_context=said.native_context)


def question(model: Model) -> str:
    """All that the answer depends on, besides the shapes: what is asked of the same weights is asked again."""
    asked = [(one.source, one.repo_id, one.revision, one.quantization, one.size_bytes) for one in model.weights]
    return hashlib.blake2b(repr((model.parameters, asked)).encode(), digest_size=12).hexdigest()


def said_by(model: Model, text: str, families: Families) -> SaidByShapes:
    """Computed. `text` is that of `catalogs/architectures.json`."""
    described = [_described(weights, text, families) for weights in model.weights]
    known = [one for one in described if one is not None and one.architecture is not None]
    sizes = (
        None
        if weights.size_bytes or weights.source not in HUB_SOURCES
        else _bytes(weights, one or _borrowed(weights, known), model)
        for weights, one in zip(model.weights, described, strict=True)
    )
    return SaidByShapes(_context(known[0].architecture if known else None), tuple(sizes))


def _context(shape: Architecture | None) -> int | None:
    return shape.context_limit if shape is not None else None


def _described(weights: Weights, text: str, families: Families) -> WeightsDescription | None:
    if weights.source not in HUB_SOURCES or weights.revision:  # shipped shapes describe the default branch
        return None
    return describe_shipped(weights.repo_id, weights.source, text, families)


def _borrowed(weights: Weights, known: Sequence[WeightsDescription]) -> WeightsDescription | None:
    """Other files of the model, with the shape but not the details of how those are quantized."""
    if not known or known[0].architecture is None:
        return None
    shape = dataclasses.replace(
        known[0].architecture,
        quant_method=None,
        quant_bits=None,
        quant_group_size=None,
        unquantized_modules=(),
        quant_groups=(),
        total_parameters=None,
    )
    return dataclasses.replace(
        known[0], repo_id=weights.repo_id, architecture=shape, shape_from=known[0].repo_id, quantization=None
    )


def _bytes(weights: Weights, described: WeightsDescription | None, model: Model) -> int | None:
    """About the size of the files; None where neither a shape nor a count says it, and for GGUF's many forms."""
    stated = weights.quantization or (described.quantization if described is not None else None)
    numbers = _NUMBERS.get(stated, stated)
    if numbers not in BYTES_PER_PARAMETER:
        return None
    if described is not None:
        found = weights_bytes(described, numbers)
        return round(found.estimate) if found is not None else None
    return round(model.parameters * BYTES_PER_PARAMETER[numbers]) if model.parameters else None
