"""Describe CTranslate2's weights by the head of `model.bin`: their `config.json` says nothing of a shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from modelscan.hubs.config import bounded_config
from modelscan.hubs.families import shipped_families
from modelscan.hubs.files import Listing
from modelscan.hubs.loadable import Contents, Unloadable, unloadable
from modelscan.model import Source, WeightsDescription
from modelscan.weights.reading.ctranslate2 import NAME, Ct2Header, read_header
from modelscan.weights.reading.quantization import quantization_of
from modelscan.weights.reading.selection import CTRANSLATE2
from modelscan.weights.reading.shape import read_architecture

_TOKENIZER = "tokenizer.json"
# The data lies between what is read, so that a hub would be asked a thousand times for a large model: one piece says
# kind, type, words and width.
_READS_OF_A_HUB = 1
# The kinds that handlers serve, by the type of their config in transformers and their class.
_KINDS = {"WhisperSpec": ("whisper", "WhisperForConditionalGeneration")}


class DamagedCt2(Exception):
    """A `model.bin` that lies."""


def describe_ctranslate2(
    source: Source, repo_id: str, listing: Listing, read: Callable[[str, int, int], bytes], contents: Contents
) -> WeightsDescription:
    """Raises DamagedCt2, ModelNotFound for a kind that nothing here serves, and where there is no tokenizer."""
    size = contents.sizes[NAME]
    most = None if contents.is_folder else _READS_OF_A_HUB
    try:
        header = read_header(lambda start, end: read(NAME, start, end), size, most)
    except ValueError as error:
        raise DamagedCt2(str(error)) from error
    if (problem := _problem(header, contents)) is not None:
        raise unloadable(contents.shown, repo_id, problem, sorted(contents.sizes)[:50])
    sums, config = header.sums(), bounded_config(_config(header))
    shape = read_architecture(config, shipped_families()) if config else None
    kind, _ = _KINDS[header.kind]
    return WeightsDescription(
        source=source,
        repo_id=repo_id,
        location=repo_id,
        revision=listing.revision,
        commit=listing.commit or None,
        architecture=shape,
        quantization=quantization_of({}, sums.parameters_by_dtype),
        format=CTRANSLATE2,
        size_bytes=size,
        bytes_by_dtype=sums.bytes_by_dtype,
        parameters_by_dtype=sums.parameters_by_dtype,
        license=listing.license,
        gated=listing.gated,
        task=shipped_families().of(kind).task,
    )


def _problem(header: Ct2Header, contents: Contents) -> Unloadable | None:
    if header.kind not in _KINDS:
        return Unloadable(
            "other_format",
            f"holds a CTranslate2 model of the kind {header.kind or 'unknown'}, which no backend here loads",
            [f"of CTranslate2's models {', '.join(_KINDS)} is served"],
            [contents.original],
        )
    if _TOKENIZER not in contents.sizes:
        return Unloadable(
            "no_tokenizer",
            "has no tokenizer",
            [f"`{_TOKENIZER}` is not there, and without it one would be fetched at each start"],
            [f"convert it again: ct2-transformers-converter --copy_files {_TOKENIZER} preprocessor_config.json …"],
        )
    return None


def _config(header: Ct2Header) -> Mapping[str, Any]:
    """As transformers' own config says it; empty where not all of the file was looked at."""
    if not header.whole:
        return {}
    shapes = {name: variable.shape for name, variable in header.variables.items()}
    (kind, name), settings = _KINDS[header.kind], header.settings
    words, width = _two(shapes.get("decoder/embeddings/weight"))
    return {
        "model_type": kind,
        "architectures": [name],
        "vocab_size": words,
        "d_model": width,
        "encoder_layers": _layers(shapes, "encoder"),
        "decoder_layers": _layers(shapes, "decoder"),
        "encoder_attention_heads": settings.get("encoder/num_heads"),
        "decoder_attention_heads": settings.get("decoder/num_heads"),
        "encoder_ffn_dim": _two(shapes.get("encoder/layer_0/ffn/linear_0/weight"))[0],
        "decoder_ffn_dim": _two(shapes.get("decoder/layer_0/ffn/linear_0/weight"))[0],
        "num_mel_bins": (shapes.get("encoder/conv1/weight") or (None, None))[1],
        "max_source_positions": _two(shapes.get("encoder/position_encodings/encodings"))[0],
        "max_target_positions": _two(shapes.get("decoder/position_encodings/encodings"))[0],
        "tie_word_embeddings": True,
    }


def _two(shape: tuple[int, ...] | None) -> tuple[int | None, int | None]:
    return (shape[0], shape[1]) if shape is not None and len(shape) > 1 else (None, None)


def _layers(shapes: Mapping[str, Any], side: str) -> int:
    begins = f"{side}/layer_"
    numbers = {name.removeprefix(begins).partition("/")[0] for name in shapes if name.startswith(begins)}
    return sum(number.isdecimal() for number in numbers)
