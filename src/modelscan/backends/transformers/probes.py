"""How an environment with the handlers' server is known: by the transformers in it."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.backends.probing import PlainProgram

PROGRAM = "modelscan-handlers"
LIBRARIES = ("sentence-transformers", "diffusers", "torchvision")
_SERVER = ("starlette", "uvicorn")


class TransformersProbes(PlainProgram):
    """The program is a file of ours that an environment is given, so its name alone says whose it is."""

    def __init__(self) -> None:
        super().__init__(PROGRAM)
        self.distributions = ("transformers", "torch", *LIBRARIES, *_SERVER)

    def version(self, versions: Mapping[str, str]) -> str | None:
        return versions.get("transformers")

    def is_broken(self, versions: Mapping[str, str]) -> bool:
        return not versions.keys() >= {"transformers", "torch", *_SERVER}


PROBES = TransformersProbes()
