"""How weights are quantized: the spellings of `quantization_config`, reduced to the word people use. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from modelscan.dataclasses import dataclass
from modelscan.model import Architecture, QuantGroup
from modelscan.weights.counting.tensors import schemes_of
from modelscan.weights.reading.groups import mixed_groups, scheme_of_algorithm, scheme_of_weights, scheme_of_words

# safetensors' and PyTorch's names of tensor types, and the word for weights that are mostly of that type.
_DTYPE_WORDS = {
    "F64": "FP32", "F32": "FP32", "BF16": "BF16", "F16": "FP16",
    "F8_E4M3": "FP8", "F8_E5M2": "FP8", "I8": "INT8",
    "float32": "FP32", "bfloat16": "BF16", "float16": "FP16", "half": "FP16", "float": "FP32",
    "float8_e4m3fn": "FP8",
}  # fmt: skip
_METHOD_WORDS = {"fp8": "FP8", "fbgemm_fp8": "FP8", "mxfp4": "MXFP4", "mxfp8": "FP8", "nvfp4": "NVFP4"}
_MODULE_KEYS = (
    *("modules_to_not_convert", "ignore", "ignored_layers", "exclude_modules", "exclude", "llm_int8_skip_modules"),
)
_BITS_OF = {"FP8": 8, "INT8": 8, "INT4": 4, "MXFP4": 4, "NVFP4": 4, "FP4": 4}


@dataclass(frozen=True, kw_only=True, slots=True)
class Quantization:
    """What a `quantization_config` says. `scheme` is the word that people use (`FP8`, `INT4`, `MXFP4` …).

    `zeros` is whether each group has a zero point next to its scale, `inputs` whether what goes into a layer is
    quantized too; None where the method decides.
    """

    method: str | None = None
    scheme: str | None = None
    bits: int | None = None
    group_size: int | None = None
    unquantized_modules: tuple[str, ...] = ()
    zeros: bool | None = None
    inputs: bool | None = None
    groups: tuple[QuantGroup, ...] = ()


def read_quantization(config: Mapping[str, Any]) -> Quantization:
    """The quantization in a `config.json`, wherever it is kept; all None where there is none."""
    section = _section(config)
    if not section:
        return Quantization()
    method = _text(section.get("quant_method"))
    group = _first_group(section)
    weights = group.get("weights") or {}
    packed = method == "compressed-tensors"
    scheme = _scheme(method, section, weights)
    bits = _integer(section.get("bits"), section.get("w_bit"), weights.get("num_bits"))
    size = _integer(section.get("group_size"), section.get("q_group_size"), weights.get("group_size"))
    if method is None and section.get("quant_algo"):
        method = "modelopt"
    return Quantization(
        method=method,
        scheme=scheme,
        bits=bits if bits is not None else _BITS_OF.get(scheme or ""),
        # -1 means one group per row.
        group_size=size if size is not None and size > 0 else None,
        unquantized_modules=tuple(_modules(section)),
        # compressed-tensors writes zero points for asymmetric schemes only; AWQ and GPTQ always write them.
        zeros=weights.get("symmetric") is False if packed else None,
        inputs=isinstance(group.get("input_activations"), Mapping) if packed and group else None,
        groups=mixed_groups(section),
    )


def quantization_of(
    config: Mapping[str, Any], parameters_by_dtype: Mapping[str, int], shape: Architecture | None = None
) -> str | None:
    """The word for the weights' numeric scheme: `FP8`, `INT4`, `BF16`, `FP32` …; None where unknown.

    The config's declaration comes first: packed integers look like INT32 in the files. A mixed quantization is named
    for what most matrices of the `shape` are in.
    """
    declared = read_quantization(config)
    if shape is not None and (mixed := schemes_of(shape)):
        return mixed[0]
    if declared.method is not None or declared.scheme is not None:
        return declared.scheme
    if parameters_by_dtype:
        most = max(parameters_by_dtype, key=lambda dtype: parameters_by_dtype[dtype])
        if most in _DTYPE_WORDS:
            return _DTYPE_WORDS[most]
    return _DTYPE_WORDS.get(stored_dtype(config) or "")


def stored_dtype(config: Mapping[str, Any]) -> str | None:
    """`dtype`, or `torch_dtype` as it was called before transformers 4.56; of the text section if only that has it."""
    for part in (config, *(config.get(key) for key in ("text_config", "llm_config", "language_config"))):
        if isinstance(part, Mapping):
            found = _text(part.get("dtype")) or _text(part.get("torch_dtype"))
            if found:
                return found.removeprefix("torch.")
    return None


def _section(config: Mapping[str, Any]) -> Mapping[str, Any]:
    for part in (config, *(config.get(key) for key in ("text_config", "llm_config", "language_config"))):
        if not isinstance(part, Mapping):
            continue
        for key in ("quantization_config", "compression_config"):
            found = part.get(key)
            if isinstance(found, Mapping) and found:
                return found
    return {}


def _first_group(section: Mapping[str, Any]) -> Mapping[str, Any]:
    """compressed-tensors and newer modelopt: the first group that says what its weights are in."""
    groups = section.get("config_groups")
    for group in groups.values() if isinstance(groups, Mapping) else ():
        weights = group.get("weights") if isinstance(group, Mapping) else None
        if isinstance(weights, Mapping):
            return group  # type: ignore[no-any-return]
    return {}


def _scheme(method: str | None, section: Mapping[str, Any], weights: Mapping[str, Any]) -> str | None:
    packed = str(section.get("format") or weights.get("format") or "").lower()
    algorithm = _algorithm(section)
    bits = _integer(section.get("bits"), section.get("w_bit"))
    found = _METHOD_WORDS.get(method or "") or scheme_of_algorithm(algorithm)
    if found is None:
        found = scheme_of_weights(weights, packed)
    if found is None and method in {"quark", "torchao"}:
        found = scheme_of_words(section)
    if found is None and method in {"bitsandbytes", "bnb"}:
        found = "INT8" if section.get("load_in_8bit") else "INT4" if section.get("load_in_4bit") else None
    if found is None and bits is not None:
        found = f"INT{bits}"
    # Old AWQ exports may omit the bits; 4 is the only value AWQ has.
    return "INT4" if found is None and method == "awq" else found


def _algorithm(section: Mapping[str, Any]) -> str:
    """The word of modelopt; of a mixed quantization, what most of its layers have."""
    layers = section.get("quantized_layers")
    if isinstance(layers, Mapping):
        words = Counter(str(layer.get("quant_algo")) for layer in layers.values() if isinstance(layer, Mapping))
        if words:
            return words.most_common(1)[0][0].upper()
    return str(section.get("quant_algo") or "").upper()


def _modules(section: Mapping[str, Any]) -> Iterable[str]:
    for key in _MODULE_KEYS:
        names = section.get(key)
        if isinstance(names, list):
            yield from (name for name in names if isinstance(name, str))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _integer(*values: object) -> int | None:
    return next((value for value in values if isinstance(value, int) and not isinstance(value, bool)), None)
