"""What modelscan has to know of a program in order to connect it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from modelscan.dataclasses import dataclass
from modelscan.exports.clients.endpoint import ClientEndpoint
from modelscan.exports.editing.edits import Edit
from modelscan.model.words import Task

Environ = Mapping[str, str]
PROMPTS: frozenset[Task] = frozenset({"chat"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientFile:
    """A file that the program reads. `places` are its paths, given the user's environment: the first that is there,
    else the first. `edit` puts the endpoint into its text; it raises EditRefused.
    """

    places: Callable[[Environ], Sequence[str]]
    edit: Callable[[str, ClientEndpoint], list[Edit]]


def _nothing(_: ClientEndpoint) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """`tasks` are those of the models it can use, None where it does not matter; `api` is the one that it speaks.

    `variables` are to be exported by a program's shell, where no file holds them; `steps` is what is left to the user.
    """

    title: str
    tasks: frozenset[Task] | None = PROMPTS
    api: Literal["openai", "anthropic"] = "openai"
    files: tuple[ClientFile, ...] = ()
    variables: Callable[[ClientEndpoint], Mapping[str, str]] | None = None
    steps: Callable[[ClientEndpoint], tuple[str, ...]] = _nothing


def home_of(environ: Environ) -> str:
    return environ.get("HOME", "~").rstrip("/")


def config_home(environ: Environ) -> str:
    return environ.get("XDG_CONFIG_HOME") or f"{home_of(environ)}/.config"
