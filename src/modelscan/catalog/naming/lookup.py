"""What an index answers about a name: light tuples, because every search asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from modelscan.catalog.naming import names
from modelscan.catalog.naming.matching import Rung

if TYPE_CHECKING:  # every search loads this, and few look at a whole model
    from modelscan.model import Model

REGISTERED = "registered"
"""The kind of an id that a user, a file or a seed made, and its provenance."""

KIND_ORDER = (REGISTERED, "moving", "id", "repo", "alias", "offer")
"""How surely a name means a model, the surest first."""

ONE_LIST = "one list"
"""The provenance of weights that only one list of another program names."""


class Named(NamedTuple):
    """A model with exactly that name; `kind` is one of `KIND_ORDER`; the meaning of a moving name
    changes, and an offer is a host's.
    """

    model: str
    kind: str


class Member(NamedTuple):
    """A model of a family: `key` holds the words of its name, `official` says whether a lab of ours publishes it,
    `is_witnessed` is False where only one list of another program names its weights.
    """

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
    is_witnessed: bool = True


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


def member_of(model_id: str, index: Lookup) -> list[Member]:
    """A model as a member of its family; an empty list where there is none of that id."""
    model = index.get(model_id)
    if model is None:
        return []
    return [
        Member(
            id=model.id,
            key=names.key(model.name),
            owner=model.owner,
            lab=index.lab(model.owner or "") or index.lab(model.id.partition("/")[0]),
            open=model.open_weights,
            weights=bool(model.weights),
            parameters=model.parameters,
            task=model.task,
            offers=len(model.providers),
            active=model.active_parameters,
            tags=model.tags,
            released=model.release_date,
            is_witnessed=model.provenance.get("weights") != ONE_LIST,
        )
    ]
