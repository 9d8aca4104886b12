"""Pure: the lines that a command writes to stderr with `--json --progress jsonl` → what is kept of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from modelscan.dataclasses import dataclass, field
from modelscan.parsing.text import clean, clean_tree

_APART_SECONDS = 0.5  # between two events of a kind that comes many times a second
_OFTEN = frozenset({"pull", "phase", "install"})
_OUTER = frozenset({"event", "at", "message"})


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as a command told it, with its words for people."""

    kind: str
    message: str | None = None
    fraction: float | None = None
    at: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


class Hearing:
    """Of one command. `error` is its error document, once it has written one."""

    def __init__(self) -> None:
        self.error: Mapping[str, Any] | None = None
        self._kept_at: dict[str, float] = {}
        self._waiting: Heard | None = None

    def line(self, text: str, seconds: float) -> list[Heard] | None:
        """What to keep now; None for a line that is not for programs. `seconds` is of any clock that only grows.

        Of those that come often two a second are kept, and the last one before anything else happens.
        """
        found = _document(text)
        if found is None:
            return None
        if not isinstance(found.get("event"), str):
            self.error = found["error"]
            return []
        heard = _heard(found)
        if heard.kind not in _OFTEN:
            return [*self.rest(), heard]
        others = [] if self._waiting is None or self._waiting.kind == heard.kind else self.rest()
        if seconds - self._kept_at.get(heard.kind, -_APART_SECONDS) < _APART_SECONDS:
            self._waiting = heard
            return others
        self._kept_at[heard.kind], self._waiting = seconds, None
        return [*others, heard]

    def rest(self) -> list[Heard]:
        """What was put off: to be kept before something else, or at the end."""
        waiting, self._waiting = self._waiting, None
        return [] if waiting is None else [waiting]


def _document(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    return found if isinstance(found.get("event"), str) or isinstance(found.get("error"), dict) else None


def _heard(found: Mapping[str, Any]) -> Heard:
    fraction, message, at = found.get("fraction"), found.get("message"), found.get("at")
    return Heard(
        kind=clean(found["event"]),
        message=clean(message) if isinstance(message, str) else None,
        fraction=min(max(float(fraction), 0.0), 1.0) if isinstance(fraction, int | float) else None,
        at=at if isinstance(at, str) else None,
        fields=clean_tree({name: value for name, value in found.items() if name not in _OUTER}),
    )
