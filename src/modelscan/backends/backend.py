"""A backend by its folder: what it says of itself, and the capabilities that it has."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Self, cast

from modelscan.errors import Usage

if TYPE_CHECKING:  # the words of `--backend` come from the registry, and `--help` needs no more of it
    from modelscan.backends.about import About
    from modelscan.backends.base import CommandLine, Launch
    from modelscan.backends.capabilities import Adapts, Estimates, Explains, Installs, Occupies, Offloads, Probes, Runs
    from modelscan.model import Candidate


class Backend:
    """Each module of the folder is loaded when it is first asked for, and has one value, called as the module is, in
    capitals: a supervisor needs no estimates. A capability whose module is not there is lacking.
    """

    def __init__(self, name: str, folder: str) -> None:
        self.name = name
        self._folder = folder

    @property
    def title(self) -> str:
        return self.about.title

    @functools.cached_property
    def about(self) -> About:
        return cast("About", self._required("about"))

    @functools.cached_property
    def runs(self) -> Runs:
        return cast("Runs", self._required("runs"))

    @functools.cached_property
    def estimates(self) -> Estimates | None:
        return cast("Estimates | None", self._found("estimates"))

    @functools.cached_property
    def offloads(self) -> Offloads | None:
        return cast("Offloads | None", self._found("offloads"))

    @functools.cached_property
    def occupies(self) -> Occupies | None:
        return cast("Occupies | None", self._found("occupies"))

    @functools.cached_property
    def adapts(self) -> Adapts | None:
        return cast("Adapts | None", self._found("adapts"))

    @functools.cached_property
    def installs(self) -> Installs | None:
        return cast("Installs | None", self._found("installs"))

    @functools.cached_property
    def explains(self) -> Explains:
        """Without its own, how any process ends."""
        from modelscan.backends.explaining.plain import PlainLog

        return cast("Explains | None", self._found("explains")) or PlainLog(self.title)

    @functools.cached_property
    def probes(self) -> Probes:
        """Without its own, a program of its name that answers to `--version`."""
        from modelscan.backends.probing import PlainProgram

        return cast("Probes | None", self._found("probes")) or PlainProgram(self.name)

    def variant_with(self, libraries: Collection[str]) -> str | None:
        """The word for the smaller environment that has all of these; None where that is the whole one."""
        variants = self.installs.variants if self.installs is not None and libraries else {}
        return next((word for word, library in variants.items() if {library}.issuperset(libraries)), None)

    def shown(self, version: str | None, libraries: Collection[str]) -> str:
        """For people: with the version of what runs, and the word for an environment that has less."""
        word = self.variant_with(libraries)
        return " ".join(part for part in (self.name, version, word and f"for {word}") if part)

    def loaded(self) -> Self:
        """With all that a supervisor asks of it: one that outlives an upgrade must not load the files of the next."""
        _ = self.about, self.runs, self.explains
        return self

    def command_line(self, candidate: Candidate, launch: Launch) -> CommandLine:
        """The exact command for a candidate. Raises Usage for an argument that is refused, and for a launch that the
        backend has no words for.
        """
        if launch.socket is not None and not self.runs.over_socket:
            raise Usage(f"{self.title} listens on a port only", details={"socket": launch.socket})
        if launch.beside and not self.runs.several:
            others = [served.location for served in launch.beside]
            raise Usage(f"{self.title} serves one model in a process", details={"beside": others})
        return self.runs.command_line(candidate, launch)

    def _required(self, module: str) -> Any:
        return getattr(importlib.import_module(f"{self._folder}.{module}"), module.upper())

    def _found(self, module: str) -> Any | None:
        name = f"{self._folder}.{module}"
        try:
            return getattr(importlib.import_module(name), module.upper())
        except ModuleNotFoundError as error:
            if error.name != name:  # it is there, and what it needs is not
                raise
            return None
