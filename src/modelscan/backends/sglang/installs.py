"""How SGLang is installed."""

from __future__ import annotations

from modelscan.backends.base import Recipe
from modelscan.units import GIB


def sglang_cuda(version: str) -> Recipe:
    return Recipe(
        backend="sglang",
        version=version,
        device="cuda",
        origin=f"sglang {version}, SGLang's own build for CUDA 13",
        requirements=(f"sglang=={version}",),
        disk_bytes=16 * GIB,
        pinned=("sglang", "sglang-kernel", "torch", "transformers", "flashinfer-python", "xgrammar"),
    )
