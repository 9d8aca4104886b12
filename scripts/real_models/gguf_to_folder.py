"""Unpack a GGUF file into a model folder; run by `smollm2.py` with the Python of an installed vLLM.

python gguf_to_folder.py FILE.gguf OUTPUT
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging
from transformers.utils.quantization_config import GgufConfig


def convert(packed: Path, output: Path) -> None:
    logging.disable_progress_bar()
    AutoTokenizer.from_pretrained(packed.parent, gguf_file=packed.name).save_pretrained(output)
    # transformers 5.19 keeps GGUF tensors packed unless told otherwise, and packed ones cannot be saved.
    model = AutoModelForCausalLM.from_pretrained(
        packed.parent,
        gguf_file=packed.name,
        dtype=torch.bfloat16,
        quantization_config=GgufConfig(dequantize=True),
    )
    model.save_pretrained(output)


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
