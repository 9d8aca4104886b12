"""LoRA adapters for tests: in PEFT's form, and in llama.cpp's."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path
from typing import Any

from tests.gguf_maker import gguf


def peft(
    *, width: int = 192, layers: int = 4, inner: int = 256, stored: int = 128, rank: int = 8, seed: int = 1, **said: Any
) -> dict[str, bytes]:
    """Its two files, for a model `width` wide whose queries are `inner` and values `stored` wide. The numbers are large
    enough to change every answer.
    """
    chance = random.Random(seed)  # noqa: S311  for a test
    numbers = [chance.gauss(0, 0.5) for _ in range(1021)]  # a prime: no two rows are alike
    header, data = {}, b""
    for layer in range(layers):
        for module, outer in (("q_proj", inner), ("v_proj", stored)):
            for half, shape in (("A", (rank, width)), ("B", (outer, rank))):
                count = shape[0] * shape[1]
                one = struct.pack(f"<{count}f", *(numbers * (count // len(numbers) + 1))[:count])
                name = f"base_model.model.model.layers.{layer}.self_attn.{module}.lora_{half}.weight"
                header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(one)]}
                data += one
    head = json.dumps(header).encode()
    config = {
        "peft_type": "LORA", "base_model_name_or_path": "modelscan/demo", "r": rank, "lora_alpha": 2 * rank,
        "target_modules": ["q_proj", "v_proj"], "bias": "none", "task_type": "CAUSAL_LM",
    }  # fmt: skip
    return {
        "adapter_config.json": json.dumps(config | said).encode(),
        "adapter_model.safetensors": struct.pack("<Q", len(head)) + head + data,
    }


def in_gguf(*, width: int = 192, layers: int = 4, inner: int = 256, rank: int = 8) -> bytes:
    """Of zeros: it changes nothing."""
    said = {"general.architecture": "llama", "general.type": "adapter", "adapter.type": "lora"}
    tensors = {
        f"blk.{layer}.attn_q.weight.lora_{half}": (shape, "F32")
        for layer in range(layers)
        for half, shape in (("a", (width, rank)), ("b", (rank, inner)))
    }
    return gguf(said, tensors)


def write(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder
