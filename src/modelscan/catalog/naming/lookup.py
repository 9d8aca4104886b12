"""What an index answers about a name: light tuples, because every search asks for them."""

from __future__ import annotations

from typing import NamedTuple

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
