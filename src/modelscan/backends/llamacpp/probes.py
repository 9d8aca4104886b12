"""How an installed llama.cpp is known: the wheel by its distribution, any other build by what it says of itself.

Its devices are those that it lists: a build for CUDA on a machine without a GPU computes on the CPU.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from modelscan.backends.capabilities import Probes
from modelscan.model import Device
from modelscan.parsing.regex import regex

WHEEL = "xllamacpp"
# `version: 5581 (7e4c0a9)`; since 2026 `version: 0.2.0 (build 10434, commit 7e4c0a9)`.
_VERSION = regex(r"^version: (\S+)(?: \(build (\d+))?", re.MULTILINE)
_NAMELESS = 2  # builds outside a checkout count from 0 or 1
# Builds up to 2025 say what they found whenever they start; all list it when they are asked.
_FOUND = regex(
    r"ggml_cuda_init: found [1-9]\d* (?P<cuda>CUDA|ROCm) devices|^ +(?P<listed>CUDA|ROCm|Vulkan)\d+: (?P<name>.*)",
    re.MULTILINE,
)
_OF_AMD = regex(r"AMD|Radeon")


class LlamacppProbes(Probes):
    program = "llama-server"
    distributions = (WHEEL,)
    device_arguments = ("--list-devices",)

    def version(self, versions: Mapping[str, str]) -> str | None:
        return versions.get(WHEEL)

    def read_version(self, answer: str) -> str | None:
        found = _VERSION.search(answer)
        if found is None:
            return None
        return found[2] if found[2] and int(found[2]) >= _NAMELESS else found[1]

    def read_device(self, answer: str) -> Device | None:
        found = _FOUND.search(answer)
        if found is None:
            return None
        word = found["cuda"] or found["listed"]
        return "rocm" if word == "ROCm" or (word == "Vulkan" and _OF_AMD.search(found["name"])) else "cuda"

    def device(self, versions: Mapping[str, str]) -> Device:  # noqa: ARG002  of the wheel, or where none was found
        return "cpu"


PROBES = LlamacppProbes()
