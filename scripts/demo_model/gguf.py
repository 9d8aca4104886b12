"""The demo's weights as GGUF, for llama.cpp: `python -m scripts.demo_model.gguf`. The same input makes the same bytes.

The form is llama.cpp's docs of GGUF (version 3). Matrices are Q8_0, blocks of 32 numbers with a scale; vectors stay in
float32. Llama's rotary embedding turns pairs there and halves in Transformers, so rows of q and k change places.
"""

from __future__ import annotations

import argparse
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

SOURCE = Path("catalogs/demo")
MADE = Path("catalogs/demo-gguf/modelscan-demo-Q8_0.gguf")
_ALIGNMENT = 32
_BLOCK = 32  # numbers
_F32, _Q8_0 = 0, 8  # types of tensors
_MOSTLY_Q8_0 = 7  # type of the file
_NORMAL, _CONTROL, _UNUSED = 1, 3, 5  # types of tokens
_KINDS = {"u32": (4, "<I"), "i32": (5, "<i"), "f32": (6, "<f"), "bool": (7, "<?")}
_STRING, _ARRAY = 8, 9

Kind = Literal["u32", "i32", "f32", "bool", "string"]
Matrix = list[list[float]]
Value = tuple[Kind, Any] | tuple[Literal["array"], Kind, list[Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=MADE, help="file to write (%(default)s)")
    target = parser.parse_args().out
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(converted(SOURCE))
    print(f"wrote {target}, {target.stat().st_size:,} bytes")


def converted(folder: Path) -> bytes:
    """A whole GGUF file of a Llama with tied embeddings and a byte-level BPE."""
    config = json.loads((folder / "config.json").read_text())
    metadata = {**_shape(config), **_vocabulary(folder, config)}
    tensors = list(_tensors(Weights((folder / "model.safetensors").read_bytes()), config))
    head = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(metadata))]
    head += [_string(key) + _value(value) for key, value in metadata.items()]
    offset, data = 0, []
    for name, rows in tensors:
        kind, content = _encoded(rows)
        sizes = (len(rows[0]), len(rows)) if len(rows) > 1 else (len(rows[0]),)
        head.append(_string(name) + struct.pack(f"<I{len(sizes)}QIQ", len(sizes), *sizes, kind, offset))
        data.append(_padded(content))
        offset += len(data[-1])
    return _padded(b"".join(head)) + b"".join(data)


class Weights:
    """A safetensors file in bfloat16."""

    def __init__(self, content: bytes) -> None:
        end = 8 + struct.unpack_from("<Q", content)[0]
        self._header = json.loads(content[8:end])
        self._data = memoryview(content)[end:]

    def rows(self, name: str) -> Matrix:
        """A vector is one row."""
        said = self._header[name]
        first, last = said["data_offsets"]
        halves = struct.unpack(f"<{(last - first) // 2}H", self._data[first:last])
        # The upper half of a float32.
        numbers = struct.unpack(f"<{len(halves)}f", struct.pack(f"<{len(halves)}I", *(half << 16 for half in halves)))
        width = said["shape"][-1]
        return [list(numbers[at : at + width]) for at in range(0, len(numbers), width)]


def _shape(config: dict[str, Any]) -> dict[str, Value]:
    head = config["head_dim"]
    return {
        "general.architecture": ("string", "llama"),
        "general.name": ("string", "modelscan demo"),
        "general.license": ("string", "apache-2.0"),
        "general.file_type": ("u32", _MOSTLY_Q8_0),
        "general.quantization_version": ("u32", 2),
        "llama.context_length": ("u32", config["max_position_embeddings"]),
        "llama.embedding_length": ("u32", config["hidden_size"]),
        "llama.block_count": ("u32", config["num_hidden_layers"]),
        "llama.feed_forward_length": ("u32", config["intermediate_size"]),
        "llama.attention.head_count": ("u32", config["num_attention_heads"]),
        "llama.attention.head_count_kv": ("u32", config["num_key_value_heads"]),
        "llama.attention.key_length": ("u32", head),
        "llama.attention.value_length": ("u32", head),
        "llama.attention.layer_norm_rms_epsilon": ("f32", config["rms_norm_eps"]),
        "llama.rope.dimension_count": ("u32", head),
        "llama.rope.freq_base": ("f32", config["rope_parameters"]["rope_theta"]),
        "llama.vocab_size": ("u32", config["vocab_size"]),
    }


def _vocabulary(folder: Path, config: dict[str, Any]) -> dict[str, Value]:
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    words = {number: word for word, number in tokenizer["model"]["vocab"].items()}
    special = {token["id"]: token["content"] for token in tokenizer["added_tokens"]}
    words |= special
    numbers = range(config["vocab_size"])
    kinds = [_CONTROL if number in special else _NORMAL if number in words else _UNUSED for number in numbers]
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in tokenizer["model"]["merges"]]
    return {
        "tokenizer.ggml.model": ("string", "gpt2"),
        "tokenizer.ggml.pre": ("string", "gpt-2"),
        "tokenizer.ggml.tokens": ("array", "string", [words.get(number, f"[unused{number}]") for number in numbers]),
        "tokenizer.ggml.token_type": ("array", "i32", kinds),
        "tokenizer.ggml.merges": ("array", "string", merges),
        "tokenizer.ggml.eos_token_id": ("u32", config["eos_token_id"]),
        "tokenizer.ggml.padding_token_id": ("u32", config["pad_token_id"]),
        "tokenizer.ggml.add_bos_token": ("bool", False),
        "tokenizer.chat_template": ("string", (folder / "chat_template.jinja").read_text()),
    }


def _tensors(weights: Weights, config: dict[str, Any]) -> Iterator[tuple[str, Matrix]]:
    yield "token_embd.weight", weights.rows("model.embed_tokens.weight")
    yield "output_norm.weight", weights.rows("model.norm.weight")
    for layer in range(config["num_hidden_layers"]):
        ours, theirs = f"blk.{layer}.", f"model.layers.{layer}."
        yield f"{ours}attn_norm.weight", weights.rows(f"{theirs}input_layernorm.weight")
        query, key = (weights.rows(f"{theirs}self_attn.{name}_proj.weight") for name in "qk")
        yield f"{ours}attn_q.weight", _in_pairs(query, config["num_attention_heads"])
        yield f"{ours}attn_k.weight", _in_pairs(key, config["num_key_value_heads"])
        yield f"{ours}attn_v.weight", weights.rows(f"{theirs}self_attn.v_proj.weight")
        yield f"{ours}attn_output.weight", weights.rows(f"{theirs}self_attn.o_proj.weight")
        yield f"{ours}ffn_norm.weight", weights.rows(f"{theirs}post_attention_layernorm.weight")
        for part in ("gate", "up", "down"):
            yield f"{ours}ffn_{part}.weight", weights.rows(f"{theirs}mlp.{part}_proj.weight")


def _in_pairs(rows: Matrix, heads: int) -> Matrix:
    """Of each head, row n of the first half and of the second become neighbours."""
    size = len(rows) // heads
    half = size // 2
    return [rows[head * size + part * half + n] for head in range(heads) for n in range(half) for part in (0, 1)]


def _encoded(rows: Matrix) -> tuple[int, bytes]:
    if len(rows) == 1:
        return _F32, struct.pack(f"<{len(rows[0])}f", *rows[0])
    blocks = (row[at : at + _BLOCK] for row in rows for at in range(0, len(row), _BLOCK))
    return _Q8_0, b"".join(map(_block, blocks))


def _block(numbers: list[float]) -> bytes:
    """A scale in float16, and each number as a multiple of it: halves are rounded away from zero, as ggml does."""
    scale = max(map(abs, numbers)) / 127
    steps = [number / scale if scale else 0.0 for number in numbers]
    return struct.pack(f"<e{_BLOCK}b", scale, *(int(step + (0.5 if step >= 0 else -0.5)) for step in steps))


def _value(value: Value) -> bytes:
    if value[0] == "array":
        kind, items = value[1], value[2]
        number = _STRING if kind == "string" else _KINDS[kind][0]
        return struct.pack("<IIQ", _ARRAY, number, len(items)) + b"".join(_plain(kind, item) for item in items)
    kind, item = value[0], value[1]
    return struct.pack("<I", _STRING if kind == "string" else _KINDS[kind][0]) + _plain(kind, item)


def _plain(kind: str, item: Any) -> bytes:
    return _string(item) if kind == "string" else struct.pack(_KINDS[kind][1], item)


def _string(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % _ALIGNMENT)


if __name__ == "__main__":
    main()
