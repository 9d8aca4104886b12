"""GGUF files for tests, by the format's own words (ggml-org/ggml, docs/gguf.md): headers, and data or zeros for it."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

TYPES = {"F32": (0, 1, 4), "F16": (1, 1, 2), "Q8_0": (8, 32, 34), "Q4_K": (12, 256, 144), "Q6_K": (14, 256, 210),
         "MXFP4": (39, 32, 17)}  # fmt: skip
Tensors = Mapping[str, tuple[Sequence[int], str]]


def gguf(metadata: Mapping[str, Any], tensors: Tensors, data: Mapping[str, bytes] | None = None) -> bytes:
    """`data` by the name of a tensor; all zeros without it."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    for key, value in metadata.items():
        head += _text(key) + _value(value)
    offset, content = 0, b""
    for name, (shape, kind) in tensors.items():
        number, block, size = TYPES[kind]
        count = 1
        for length in shape:
            count *= length
        head += _text(name) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", length) for length in shape)
        head += struct.pack("<IQ", number, offset)
        length = count // block * size
        offset += length + -length % 32
        if data is not None:
            content += data[name] + bytes(-length % 32)
    return head + bytes(-len(head) % 32) + (content or bytes(offset))


def model(architecture: str = "llama", layers: int = 2, kind: str = "Q4_K", **metadata: Any) -> bytes:
    """A small one with attention and an MLP in each layer; `metadata` are further keys of its architecture."""
    said = {
        "block_count": layers, "embedding_length": 256, "feed_forward_length": 512, "attention.head_count": 4,
        "attention.head_count_kv": 2, "context_length": 8192,
    } | {key.replace("__", "."): value for key, value in metadata.items()}  # fmt: skip
    general = {"general.architecture": architecture, "tokenizer.ggml.tokens": ["word"] * 1024,
               "tokenizer.chat_template": "{{ x }}<|im_start|>"}  # fmt: skip
    return gguf(general | {f"{architecture}.{key}": value for key, value in said.items()}, tensors(layers, kind))


def tensors(layers: int, kind: str) -> dict[str, tuple[tuple[int, ...], str]]:
    found: dict[str, tuple[tuple[int, ...], str]] = {
        "token_embd.weight": ((256, 1024), kind),
        "output.weight": ((256, 1024), kind),
        "output_norm.weight": ((256,), "F32"),
    }
    for layer in range(layers):
        for name, shape in (
            ("attn_q", (256, 256)),
            ("attn_k", (256, 128)),
            ("attn_v", (256, 128)),
            ("attn_output", (256, 256)),
            ("ffn_gate", (256, 512)),
            ("ffn_up", (256, 512)),
            ("ffn_down", (512, 256)),
        ):
            found[f"blk.{layer}.{name}.weight"] = (shape, kind)
    return found


def _text(text: str) -> bytes:
    content = text.encode()
    return struct.pack("<Q", len(content)) + content


def _value(value: Any) -> bytes:
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    if isinstance(value, str):
        return struct.pack("<I", 8) + _text(value)
    if value and isinstance(value[0], str):
        return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(_text, value))
    kind, letter = (7, "?") if value and isinstance(value[0], bool) else (5, "i")
    return struct.pack("<IIQ", 9, kind, len(value)) + b"".join(struct.pack(f"<{letter}", item) for item in value)
