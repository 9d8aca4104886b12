"""From the name that a client sends to what may serve it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from modelscan.dataclasses import dataclass
from modelscan.gateway.http.answers import Refusal
from modelscan.routing.compiled import GatewayTable, TableMember

_MOST_SPELLINGS = 4_096  # that are remembered: capitals can be varied without end


@dataclass(frozen=True, slots=True)
class FoundName:
    """`public` is the name as the table writes it, `members` those behind it, `fallbacks` names to try after it.

    `target` is the name that an alias leads to, `names` are the public one and those of its members; `ready`: one of
    them is, by this table.
    """

    public: str
    members: tuple[str, ...]
    fallbacks: tuple[str, ...]
    names: tuple[str, ...]
    ready: bool
    target: str


class Directory:
    """A table, ready for look-ups."""

    def __init__(self, table: GatewayTable) -> None:
        self.table = table
        self.members: Mapping[str, TableMember] = {item.name: item for item in table.members}
        self._found: dict[str, FoundName] = {}

    def find(self, name: str) -> FoundName | None:
        """Exactly, else without regard to capitals where one name alone is meant."""
        if (known := self._found.get(name)) is not None:
            return known
        written, target = self.table.written(name), self.table.meant(name)
        if written is None or target is None:
            return None
        fallbacks = self.table.fallbacks.get(written) or self.table.fallbacks.get(target, ())
        members = self.table.names[target]
        ready = any(name in self.members and self.members[name].status == "ready" for name in members)
        asked = FoundName(written, members, fallbacks, (written, *members), ready, target)
        if len(self._found) < _MOST_SPELLINGS:
            self._found[name] = asked
        return asked

    def unknown(self, name: str) -> Refusal:
        """For a name that is not found, with those that it may have meant."""
        near = get_close_matches(name, [*self.table.names, *self.table.aliases], n=3, cutoff=0.5)
        hint = f"; did you mean {' or '.join(f'`{item}`' for item in near)}?" if near else ""
        return Refusal(404, f"there is no model `{name[:200]}`{hint}", "model_not_found", param="model")

    def listed(self) -> dict[str, tuple[TableMember, ...]]:
        """The names that can be asked for now, or at the cost of a start, with what serves them. A model in a folder is
        listed by the name of its deployment, not by its path.
        """
        found: dict[str, tuple[TableMember, ...]] = {}
        for name in sorted({*self.table.names, *self.table.aliases}):
            asked = self.find(name)
            members = [self.members[item] for item in asked.members if item in self.members] if asked else []
            servable = tuple(item for item in members if item.status == "ready" or item.on_demand)
            if servable and not name.startswith("/"):
                found[name] = servable
        return found
