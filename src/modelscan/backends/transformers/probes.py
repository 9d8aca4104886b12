"""How an environment with the handlers' server is known: by the transformers in it, or by the library for speech."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.backends.probing import PlainProgram
from modelscan.model import Device

PROGRAM = "modelscan-handlers"
# Of which an environment has one at least: what reads all but speech in CTranslate2's form, and what reads that.
WHOLE, SPEECH = "transformers", "faster-whisper"
LIBRARIES = ("sentence-transformers", "diffusers", "torchvision")
_SERVER = ("starlette", "uvicorn")


class TransformersProbes(PlainProgram):
    """The program is a file of ours that an environment is given, so its name alone says whose it is."""

    def __init__(self) -> None:
        super().__init__(PROGRAM)
        self.libraries = (WHOLE, SPEECH)
        self.distributions = (*self.libraries, "torch", "ctranslate2", *LIBRARIES, *_SERVER)

    def version(self, versions: Mapping[str, str]) -> str | None:
        return versions.get(WHOLE) or versions.get(SPEECH)

    def is_broken(self, versions: Mapping[str, str]) -> bool:
        there = versions.keys()
        return not there >= set(_SERVER) or not (there >= {WHOLE, "torch"} or SPEECH in there)

    def device(self, versions: Mapping[str, str]) -> Device:
        """CTranslate2 is planned on the CPU, whatever its wheel could do."""
        return super().device(versions) if WHOLE in versions else "cpu"


PROBES = TransformersProbes()
