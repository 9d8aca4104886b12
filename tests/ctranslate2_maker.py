"""CTranslate2's `model.bin` for tests, by the format's own words (`model_spec.py`, `_serialize`): zeros for data."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

TYPES = {"F32": (0, 4), "I8": (1, 1), "I16": (2, 2), "I32": (3, 4), "F16": (4, 2), "BF16": (5, 2)}
Variables = Mapping[str, tuple[Sequence[int], str]]


def model_bin(
    variables: Variables,
    *,
    kind: str = "WhisperSpec",
    version: int = 6,
    settings: Mapping[str, int] | None = None,
    aliases: Mapping[str, str] | None = None,
) -> bytes:
    numbers = settings or {}
    made = struct.pack("<I", version) + _text(kind) + struct.pack("<II", 3, len(variables) + len(numbers))
    for name, number in numbers.items():
        made += _text(name) + struct.pack("<BBIh", 0, TYPES["I16"][0], 2, number)
    for name, (shape, form) in variables.items():
        number, size = TYPES[form]
        count = 1
        for length in shape:
            count *= length
        made += _text(name) + struct.pack("<B", len(shape)) + b"".join(struct.pack("<I", length) for length in shape)
        made += struct.pack("<BI", number, count * size) + bytes(count * size)
    made += struct.pack("<I", len(aliases or {}))
    return made + b"".join(_text(word) for pair in (aliases or {}).items() for word in pair)


def hearing(layers: int = 2, form: str = "F16", words: int = 51_864, width: int = 64) -> bytes:
    """A small Whisper as faster-whisper's converter writes it, for English alone."""
    variables: dict[str, tuple[Sequence[int], str]] = {
        "decoder/embeddings/weight": ((words, width), form),
        "decoder/position_encodings/encodings": ((448, width), form),
        "decoder/layer_norm/gamma": ((width,), form),
        "encoder/conv1/weight": ((width, 80, 3), form),
        "encoder/position_encodings/encodings": ((1500, width), form),
    }
    for side in ("decoder", "encoder"):
        for layer in range(layers):
            variables[f"{side}/layer_{layer}/ffn/linear_0/weight"] = ((4 * width, width), form)
            variables[f"{side}/layer_{layer}/self_attention/linear_0/weight"] = ((3 * width, width), form)
    heads = {"decoder/num_heads": width // 64, "encoder/num_heads": width // 64}
    return model_bin(variables, settings=heads, aliases={"decoder/projection/weight": "decoder/embeddings/weight"})


def _text(text: str) -> bytes:
    content = text.encode() + b"\0"
    return struct.pack("<H", len(content)) + content
