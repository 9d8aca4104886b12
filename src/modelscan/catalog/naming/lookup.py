"""What an index answers about a name: light tuples, because every search asks for them."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from modelscan.catalog.naming.matching import Rung
from modelscan.model import Model

KIND_ORDER = ("moving", "id", "repo", "alias", "offer")
"""How surely a name means a model, the surest first."""


class Named(NamedTuple):
    """A model with exactly that name; `kind` is id, repo, alias, moving (its meaning changes) or offer (a host's)."""

    model: str
    kind: str


class Member(NamedTuple):
    """A model of a family: `key` holds the words of its name, `official` says whether a lab of ours publishes it."""

    id: str
    key: str
    lab: str | None
    open: bool | None
    weights: bool
    parameters: int | None
    task: str
    offers: int
    owner: str | None = None
    official: bool = False
    active: int | None = None
    tags: tuple[str, ...] = ()
    released: str | None = None


class Members(Protocol):
    """The part of an index that finds members."""

    def members(self, key: str) -> list[Member]:
        """Models whose words are the key's or begin with them."""
        ...

    def containing(self, word: str) -> list[Member]:
        """Models with this word anywhere in the words of their names."""
        ...


class Lookup(Members, Protocol):
    """The part of an index that resolution needs."""

    def get(self, model_id: str) -> Model | None: ...

    def named(self, text: str) -> list[Named]:
        """Models with this name, which is given in lower case."""
        ...

    def on_rung(self, rung: Rung, key: str) -> list[str]: ...

    def family_default(self, key: str) -> tuple[str, str] | None:
        """The member that a family's name means, and why."""
        ...

    def lab(self, owner: str) -> str | None: ...

    def is_host(self, owner: str) -> bool: ...

    def near(self, text: str) -> list[str]:
        """Ids to suggest, best first."""
        ...
