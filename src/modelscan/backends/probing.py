"""How programs are known, whatever they are: by distributions of Python, or by what they answer."""

from __future__ import annotations

import re
from collections.abc import Mapping

from modelscan.backends.capabilities import Probes
from modelscan.model import Device
from modelscan.parsing.regex import regex

_VERSION = regex(r"\b\d+\.\d+(?:\.\d+)?[\w.+]*")


class PlainProgram(Probes):
    """A program of a name that answers `--version` with its version last, or a distribution of that name."""

    def __init__(self, name: str) -> None:
        self.program = name
        self.distributions: tuple[str, ...] = (name, "torch", "transformers")

    def version(self, versions: Mapping[str, str]) -> str | None:
        return versions.get(self.program)

    def read_version(self, answer: str) -> str | None:
        found = _VERSION.findall(answer)
        return found[-1] if found else None

    def device(self, versions: Mapping[str, str]) -> Device:
        """By the local part of its version, or of torch's; plain wheels are CUDA builds."""
        for name in (self.program, "torch"):
            local = versions.get(name, "").partition("+")[2]
            if "cpu" in local:
                return "cpu"
            if "rocm" in local:
                return "rocm"
            if re.search(r"\bcu\d", local):
                return "cuda"
        return "cuda"
