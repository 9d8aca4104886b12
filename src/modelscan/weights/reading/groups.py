"""The groups of a mixed quantization: which modules are in which numeric scheme. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelscan.model import QuantGroup

_ALGORITHM_WORDS = (("NVFP4", "NVFP4"), ("MXFP4", "MXFP4"), ("W4A", "INT4"), ("INT4", "INT4"), ("FP8", "FP8"),
                    ("W8A", "INT8"), ("INT8", "INT8"), ("FP4", "FP4"))  # fmt: skip
_SCHEMES = {("float", 8): "FP8", ("int", 8): "INT8", ("int", 4): "INT4", ("float", 4): "FP4", ("int", 2): "INT2"}
_OF_GROUP_SIZE = {16: "NVFP4", 32: "MXFP4"}  # of floats of four bits: the formats differ in it
_WORDS = (("mxfp4", "MXFP4"), ("int4", "INT4"), ("uint4", "INT4"), ("int8", "INT8"), ("fp8", "FP8"), ("float8", "FP8"))
_MIXED = "MIXED_PRECISION"
_MOST_NAMES = 200_000  # of modules; a damaged config must not exhaust memory


def scheme_of_algorithm(algorithm: str) -> str | None:
    """The word for one of modelopt's algorithms: `W4A16_NVFP4` is NVFP4."""
    return next((word for start, word in _ALGORITHM_WORDS if start in algorithm.upper()), None)


def scheme_of_weights(weights: Mapping[str, Any], packed: str = "") -> str | None:
    """The word for the `weights` of a group of compressed-tensors; `packed` is the format that the files have."""
    if packed.startswith(("nvfp4", "mxfp4")):
        return packed[:5].upper()
    found = _SCHEMES.get((str(weights.get("type")), _whole(weights.get("num_bits")) or 0))
    return _OF_GROUP_SIZE.get(_whole(weights.get("group_size")) or 0, found) if found == "FP4" else found


def scheme_of_words(section: Mapping[str, Any]) -> str | None:
    """The word for what AMD's Quark, or torchao, says of all layers: a dtype, or the name of a class."""
    overall = section.get("global_quant_config")
    weight = overall.get("weight") if isinstance(overall, Mapping) else section.get("quant_type")
    steps = weight if isinstance(weight, list) else [weight]  # packed in several steps, the last is what is stored
    last = steps[-1] if steps else None
    said = last.get("dtype") or last.get("default") if isinstance(last, Mapping) else last
    named = said.get("_type") if isinstance(said, Mapping) else said
    text = str(named or "").lower()
    if text == "fp4" and isinstance(last, Mapping):
        return _OF_GROUP_SIZE.get(_whole(last.get("group_size")) or 32, "FP4")
    return next((word for start, word in _WORDS if start in text), None)


def mixed_groups(section: Mapping[str, Any]) -> tuple[QuantGroup, ...]:
    """The groups of a `quantization_config` that has several schemes, or says that it has; `()` for any other."""
    modules: dict[str, list[str]] = {}
    for scheme, name in _named(section):
        names = modules.setdefault(scheme, [])
        if len(names) < _MOST_NAMES:
            names.append(name)
    mixed = len(modules) > 1 or str(section.get("quant_algo")).upper() == _MIXED
    return tuple(QuantGroup(scheme, tuple(names)) for scheme, names in modules.items()) if mixed else ()


def _named(section: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Scheme and module, from modelopt's list of layers, else from groups and their targets."""
    layers = section.get("quantized_layers")
    if isinstance(layers, Mapping) and layers:
        for name, layer in layers.items():
            algorithm = str(layer.get("quant_algo")) if isinstance(layer, Mapping) else ""
            if scheme := scheme_of_algorithm(algorithm):
                yield scheme, str(name)
        return
    groups = section.get("config_groups")
    for group in groups.values() if isinstance(groups, Mapping) else ():
        weights = group.get("weights") if isinstance(group, Mapping) else None
        if not isinstance(weights, Mapping):
            continue
        packed = str(group.get("format") or section.get("format") or "").lower()
        if scheme := scheme_of_weights(weights, packed):
            targets = group.get("targets")
            for target in targets if isinstance(targets, list) and targets else ["*"]:
                yield scheme, str(target)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
