"""The environments of the handlers' server. Metadata of the packages, and installed on a CPU: 1.2 GB, and 0.45 GB
of the smaller one for speech, which has no torch.

torchvision is wanted by every processor of Qwen's vision models. With a CUDA build of torch the matching one comes
along; beside torch for the CPU, the wheel of the package index loads once our server has declared its operators.
"""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.backends.base import Extra, Recipe
from modelscan.backends.builds import Build
from modelscan.backends.capabilities import Installs
from modelscan.backends.transformers.probes import LIBRARIES, SPEECH
from modelscan.model import Device
from modelscan.units import GIB

_PYTHONS = ((3, 11), (3, 14))  # torch 2.13.0: wheels for 3.10 to 3.14; sentence-transformers 6.2: from 3.10 on
_TORCH, _TORCHVISION = "2.13.0", "0.28.0"
_NEVER = 'sys_platform == "never"'
# Of these the index has CUDA builds under the plain version, and nothing here needs them; triton compiles for GPUs.
_NOT_ON_CPU = ("torchaudio", "torchcodec", "triton")
_SERVER = ("starlette>=1.10,<2", "uvicorn>=0.54,<1", "python-multipart>=0.0.32")
_MODELS = ("sentence-transformers==6.2.0", "diffusers==0.42.1", "accelerate>=1.15,<2")
# Whisper on CTranslate2 4.8.5 with the FFmpeg of PyAV, whose versions faster-whisper leaves open. Run with these; of
# CTranslate2 each minor version has changed which wheels there are, and 5 may change the form of files.
_CT2_PYTHONS = ((3, 11), (3, 14))
_HEARING = ("ctranslate2>=4.8.5,<4.9", "av>=18.1,<19")
# What the server and its handler for speech import; CTranslate2 and its OpenMP are loaded by it.
_HEARS = "import faster_whisper, ctranslate2, av, starlette, uvicorn, python_multipart"
_PICTURES = ("pillow>=13,<14",)
_SOUND = Extra(
    requirement="av>=18.1,<19",
    module="av",
    lost="it turns no speech into text",
    way="give it a source that has PyAV: pip config set global.extra-index-url https://host/simple",
)
# Of the libraries that bind answers to a grammar, this one needs no other package, is one wheel of 3 MB for every
# Python, with or without a GPU, and bounds most of what a stranger's schema may cost; xgrammar wants torch and triton
# from the index, outlines-core makes the whole automaton before the first token. Its wheels want glibc 2.31.
_GRAMMARS = Extra(
    requirement="llguidance>=1.9.1,<2",
    module="llguidance",
    lost="its chat holds no answer to a schema, and calls no tool because it must",
    way="give it a source that has llguidance: pip config set global.extra-index-url https://host/simple",
)


_SPEECH_WAY = "speech"


class TransformersInstalls(Installs):
    variants: Mapping[str, str] = {_SPEECH_WAY: SPEECH}

    def recipes(self, way: str, version: str, build: Build) -> tuple[Recipe, ...]:
        if way == _SPEECH_WAY:
            return (_for_speech(version),)
        common = (f"transformers=={version}", *_MODELS, *_SERVER, *_PICTURES)
        if build.device != "cpu":
            return (
                _recipe(
                    version,
                    build.device,
                    f"transformers {version} with torch {_TORCH} for CUDA",
                    (f"torch=={_TORCH}", f"torchvision=={_TORCHVISION}", *common),
                    disk_bytes=9 * GIB,
                    min_cuda=build.min_cuda,
                ),
            )
        places = ((None, "where pip and uv are configured to look"), ("cpu", "PyTorch's CPU index"))
        return tuple(
            _recipe(
                version,
                "cpu",
                f"transformers {version}; torch {_TORCH} for CPU from {place}",
                (f"torch=={_TORCH}+cpu", f"torchvision=={_TORCHVISION}", *common),
                disk_bytes=2 * GIB,
                torch_backend=torch_backend,
            )
            for torch_backend, place in places
        )

    def why_not(self, device: Device) -> str:
        if device == "rocm":
            return "torch for ROCm is in PyTorch's own index, one for each release of ROCm"
        return super().why_not(device)


def _for_speech(version: str) -> Recipe:
    return Recipe(
        backend="transformers",
        version=version,
        device="cpu",
        origin=f"{SPEECH} {version}, which hears on the CPU without torch",
        requirements=(f"{SPEECH}=={version}", *_HEARING, *_SERVER),
        disk_bytes=1 * GIB,
        pinned=(SPEECH, "ctranslate2", "av"),
        python_range=_CT2_PYTHONS,
        serving="handlers",
        variant=_SPEECH_WAY,
        check=_HEARS,
    )


def _recipe(
    version: str,
    device: Device,
    origin: str,
    requirements: tuple[str, ...],
    *,
    disk_bytes: int,
    min_cuda: float | None = None,
    torch_backend: str | None = None,
) -> Recipe:
    return Recipe(
        backend="transformers",
        version=version,
        device=device,
        origin=origin,
        requirements=requirements,
        overrides=tuple(f"{name}; {_NEVER}" for name in _NOT_ON_CPU) if device == "cpu" else (),
        torch_backend=torch_backend,
        disk_bytes=disk_bytes,
        pinned=("transformers", "torch", *LIBRARIES),
        python_range=_PYTHONS,
        torch=_TORCH,
        min_cuda=min_cuda,
        serving="handlers",
        extras=(_SOUND, _GRAMMARS),
    )


INSTALLS = TransformersInstalls()
