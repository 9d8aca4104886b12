"""How makers of quantized repos quantize, in the words of their own configs: `catalogs/quantized_configs.csv`.

For repos whose files nobody here has read: which modules their maker leaves in 16 bits, in which groups and schemes
the others are.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from modelscan.dataclasses import dataclass, replace
from modelscan.model import Architecture, WeightsDescription
from modelscan.parsing.regex import regex
from modelscan.weights.counting.mixtures import bits_of_scheme
from modelscan.weights.counting.tensors import schemes_of
from modelscan.weights.reading.quantization import read_quantization

MAKERS = "quantized_configs.csv"
_RANGE = regex(r"\{(\d+)\.\.(\d+)\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class MakersConfig:
    """A `quantization_config` of all `repos` (a pattern) of these model types; `checked` is one of them, with the size
    of its files, MTP layers included, in bytes.
    """

    repos: str
    model_types: frozenset[str]
    config: Mapping[str, Any]
    checked: tuple[str, float] | None

    def is_of(self, repo_id: str, model_type: str | None) -> bool:
        return fnmatchcase(repo_id.casefold(), self.repos.casefold()) and (
            not self.model_types or model_type in self.model_types
        )


@lru_cache(maxsize=2)
def read_makers(text: str) -> tuple[MakersConfig, ...]:
    """Raises KeyError or ValueError for a text that is no such table."""
    return tuple(
        MakersConfig(
            repos=row["repos"],
            model_types=frozenset(row["model_types"].split()),
            config=_spelled_out(json.loads(row["config"])),
            checked=_checked(row["checked"]),
        )
        for row in csv.DictReader(text.splitlines())
    )


def as_made(item: WeightsDescription, makers: tuple[MakersConfig, ...]) -> WeightsDescription:
    """Weights with the shape of another form, quantized as their maker does; the same where nobody says how."""
    shape = item.architecture
    if shape is None:
        return item
    found = next((maker for maker in makers if maker.is_of(item.repo_id, shape.model_type)), None)
    if found is None:
        return item
    is_checked = found.checked is not None and found.checked[0].casefold() == item.repo_id.casefold()
    return replace(item, architecture=_quantized(shape, found.config), verified=is_checked)


def _quantized(shape: Architecture, config: Mapping[str, Any]) -> Architecture:
    said = read_quantization({"quantization_config": config})
    made = replace(
        shape,
        quant_method=said.method,
        quant_bits=said.bits,
        quant_group_size=said.group_size,
        unquantized_modules=said.unquantized_modules,
        quant_groups=said.groups,
        details={**shape.details, "quant_zeros": bool(said.zeros), "quant_inputs": said.inputs},
    )
    mixed = schemes_of(made)
    return replace(made, quant_bits=bits_of_scheme(mixed[0])) if mixed else made


def _spelled_out(value: Any) -> Any:
    """`layers.{0..3}.mlp` stands for four names."""
    if isinstance(value, dict):
        return {key: _spelled_out(item) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    return [name for item in value for name in (_names(item) if isinstance(item, str) else [item])]


def _names(pattern: str) -> list[str]:
    found = _RANGE.search(pattern)
    if found is None:
        return [pattern]
    return [pattern.replace(found[0], str(number)) for number in range(int(found[1]), int(found[2]) + 1)]


def _checked(text: str) -> tuple[str, float] | None:
    repo, _, gigabytes = text.rpartition(" ")
    return (repo, float(gigabytes) * 1e9) if repo else None
