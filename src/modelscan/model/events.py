"""What an operation tells while it works. The command line draws it; nothing here is needed for the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from modelscan.dataclasses import dataclass, field

EventKind = Literal[
    "hardware", "choice", "backend", "source", "install", "pull", "starting", "phase", "ready", "warning", "note"
]


@dataclass(frozen=True, slots=True)
class Event:
    """`message` is a line for people; `fields` are the same facts for programs."""

    kind: EventKind
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)


Report = Callable[[Event], None]


class Ask(Protocol):
    """A question to the user: True or False, or None where nobody can be asked. `default` is what a bare Enter means:
    no, where something is lost or let in.
    """

    def __call__(self, question: str, /, *, default: bool = True) -> bool | None: ...


def silent(_: Event) -> None:
    """Nobody is listening."""
