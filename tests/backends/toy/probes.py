# ruff: noqa: ARG002  a toy needs little of what it is told
"""How an installed toy is known: `toy-server version` answers `toy 1.4.2`."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.backends.capabilities import Probes
from modelscan.model import Device


class ToyProbes(Probes):
    program = "toy-server"
    version_arguments = ("version",)

    def version(self, versions: Mapping[str, str]) -> str | None:
        return None

    def read_version(self, answer: str) -> str | None:
        return answer.strip().removeprefix("toy ") or None

    def device(self, versions: Mapping[str, str]) -> Device:
        return "cpu"


PROBES = ToyProbes()
