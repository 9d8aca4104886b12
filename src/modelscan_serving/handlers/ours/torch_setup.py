"""What a model on torch needs: its type of numbers, threads, and torchvision beside torch for the CPU."""

from __future__ import annotations

import functools
import os
from importlib import metadata
from typing import Any

import torch

_TYPES = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "half": torch.float16,
    "float": torch.float32,
}


@functools.cache
def prepare_torch() -> None:
    """Before a library imports torchvision, as transformers does with its first model."""
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(len(os.sched_getaffinity(0)))
    _operators_of_torchvision()


def dtype_of(name: str, device: str) -> Any:
    """`auto`: 32 bits on a CPU, which computes in 16 no faster and less exactly; else what the GPU has. The same for
    `int8`, which is for another library's model beside this one.
    """
    if name not in {"auto", "int8"}:
        return _TYPES[name]
    if not device.startswith("cuda"):
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


_LIBRARIES: list[Any] = []


def _operators_of_torchvision() -> None:
    """The wheel of torchvision in the package index is built for CUDA. Beside torch for the CPU its import ends in
    `operator torchvision::nms does not exist`; declared, though not defined, they let it load, and the processors of
    images need nothing that they do (torchvision 0.28.0, torch 2.13.0).
    """
    try:
        version = metadata.version("torchvision")
    except metadata.PackageNotFoundError:
        return
    if torch.version.cuda is not None or torch.version.hip is not None or version.endswith("+cpu"):
        return
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _LIBRARIES.append(library)  # what it declares lives as long as it
