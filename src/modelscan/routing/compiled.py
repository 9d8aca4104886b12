"""The table that the gateway reads: every name a client may use, and what serves it. Pure.

Verbs write it whenever a route changes; the gateway never asks anything else about deployments.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal

from modelscan.dataclasses import dataclass, field, replace
from modelscan.deployments.adapters import asked_with
from modelscan.model import Deployment, Pricing
from modelscan.model.words import Status, Task
from modelscan.routing.names import PublicNames

TABLE_FORMAT = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class TableMember:
    """One endpoint: a deployment, or an upstream that somebody else runs.

    `base_url` has no `/v1` for a deployment; an upstream's is taken as it is, `/v1` included. `model` is the name that
    the endpoint knows; `serves` are those it takes as they are, `called` other names for clients, `adapters` further
    ones, each with what a request for it says in its body. `claims` are bytes by GPU index (`host` for the host's
    memory). A key is only named, by the variable that holds it or as the secret store has it. `ollama` says that the
    upstream is one of Ollama's.
    """

    name: str
    id: str
    kind: Literal["deployment", "upstream"] = "deployment"
    base_url: str | None = None
    socket: str | None = None
    model: str
    serves: tuple[str, ...] = ()
    called: tuple[str, ...] = ()
    adapters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    api_key_env: str | None = None
    status: Status = "ready"
    task: Task = "chat"
    on_demand: bool = False
    idle_timeout_seconds: float | None = None
    weight: int = 1
    claims: Mapping[str, int] = field(default_factory=dict)
    max_parallelism: int | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    supports_structured_outputs: bool | None = None
    owned_by: str = "local"
    created_at: str | None = None
    max_model_len: int | None = None
    last_error: str | None = None
    pricing: Pricing | None = None
    ollama: bool = False


@dataclass(frozen=True, kw_only=True)
class GatewayTable:
    """`names` are the public names, each with its members; `aliases` lead to one of them, or to what nobody is called,
    `fallbacks` to more.
    """

    format: int = TABLE_FORMAT
    members: tuple[TableMember, ...] = ()
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    fallbacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def written(self, name: str) -> str | None:
        """A name, or an alias, as it stands here: exactly so, else without regard to capitals where one is meant."""
        if name in self.names or name in self.aliases:
            return name
        alike = self._alike.get(name.casefold(), ())
        return alike[0] if len(alike) == 1 else None

    def meant(self, name: str) -> str | None:
        """The one of `names` that a name or an alias leads to."""
        written = self.written(name)
        if written is None or written in self.names:
            return written
        target = self.written(self.aliases[written])
        return target if target in self.names else None

    def behind(self, name: str) -> tuple[str, ...]:
        """The members that requests for a name go to; none for what leads nowhere."""
        meant = self.meant(name)
        return () if meant is None else self.names[meant]

    @functools.cached_property
    def _alike(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in dict.fromkeys((*self.names, *self.aliases)):
            found.setdefault(name.casefold(), []).append(name)
        return found


def compile_table(
    deployments: Iterable[Deployment],
    public: PublicNames,
    upstreams: Iterable[TableMember] = (),
) -> GatewayTable:
    """The table of all that can be asked for: whoever is called by a name shares its load. Deployments are called by
    their model, its repo and what they serve, upstreams by what their servers call the model; capitals do not matter.

    A name that was given says more: a deployment's own leads to it and to the upstream that was registered under the
    same, an upstream's own to it and to deployments that are called so.
    """
    present = [item for item in deployments if item.removed_at is None]
    registered = set_apart(upstreams, {item.name for item in present})
    members = [*map(_member, present), *registered.values()]
    aliases = {alias: item.name for item in present for alias in item.aliases} | dict(public.aliases)
    here = {item.name: _called(item) for item in present}
    there = {item.name: [name for name in known_there(item) if name not in aliases] for item in registered.values()}
    deployed, all_called = _by_name(here), _by_name({**here, **there})
    names = {name: all_called[name.casefold()] for called in (*here.values(), *there.values()) for name in called}
    own: dict[str, tuple[str, ...]] = {item.name: (item.name,) for item in present}
    for name, item in registered.items():
        own[name] = (*(own.get(name) or deployed.get(name.casefold(), ())), item.name)
    table = GatewayTable(
        members=tuple(replace(item, weight=public.weights.get(item.name, 1)) for item in members),
        names={**names, **own},
        aliases={name: target for name, target in aliases.items() if name not in own},
        fallbacks=public.fallbacks,
    )
    return replace(table, aliases={name: _end(table, name) for name in table.aliases})


def _end(table: GatewayTable, alias: str) -> str:
    """Where aliases of aliases lead; a circle, which only a file edited by hand can hold, to one of its own."""
    passed: list[str] = []
    at: str | None = alias
    while at is not None and at in table.aliases and at not in passed:
        passed.append(at)
        following = table.aliases[at]
        at = table.written(following)
        if at is None or at in table.names:
            return at or following
    return alias


def set_apart(upstreams: Iterable[TableMember], taken: Collection[str]) -> dict[str, TableMember]:
    """By the names under which they were registered; one that has the name of a deployment (`taken`) goes by its id."""
    return {item.name: replace(item, name=item.id) if item.name in taken else item for item in upstreams}


def upstream_id(registered: str) -> str:
    """Of the upstream that is registered under a name."""
    return f"upstream:{registered}"


def shared_with_deployments(table: GatewayTable, upstream: TableMember) -> dict[str, tuple[str, ...]]:
    """The names that lead to an upstream and to deployments, with these."""
    deployed = {item.name for item in table.members if item.kind == "deployment"}
    found = {
        name: tuple(item for item in members if item in deployed)
        for name, members in table.names.items()
        if upstream.name in members
    }
    return {name: here for name, here in found.items() if here}


def known_there(upstream: TableMember) -> tuple[str, ...]:
    """The names by which its server knows its model, and those that clients have for it."""
    return tuple(dict.fromkeys((upstream.model, *upstream.serves, *upstream.called)))


def _by_name(called: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Who is called by each name, in small letters."""
    found: dict[str, dict[str, None]] = {}
    for member, names in called.items():
        for name in names:
            found.setdefault(name.casefold(), {})[member] = None
    return {name: tuple(members) for name, members in found.items()}


def _called(item: Deployment) -> tuple[str, ...]:
    """What it shares with others of the same model, and names of what goes with it; its own name is not."""
    adapters = (adapter.name for adapter in item.adapters)
    others = (name for other in item.models[1:] for name in other.served_model_names)
    known = (item.model, item.catalog_id, item.repo_id, *item.served_model_names, *adapters, *others)
    return tuple(dict.fromkeys(name for name in known if name and name != item.name))


def _member(item: Deployment) -> TableMember:
    each = None if item.memory.estimated_bytes is None else item.memory.estimated_bytes // max(1, len(item.gpu_indices))
    places = [str(index) for index in item.gpu_indices] or ["host"]
    return TableMember(
        name=item.name,
        id=item.id,
        socket=item.socket,
        base_url=item.base_url or (f"http://127.0.0.1:{item.port}" if item.port else None),
        model=item.served_model_names[0] if item.served_model_names else item.name,
        serves=tuple(
            dict.fromkeys((*item.served_model_names, *(name for one in item.models for name in one.served_model_names)))
        ),
        adapters=asked_with(item),
        api_key_env=item.api_key_env,
        status=item.status,
        task=item.task,
        on_demand=item.on_demand,
        idle_timeout_seconds=item.idle_timeout_seconds,
        claims={} if each is None else dict.fromkeys(places, each),
        created_at=item.created_at,
        max_model_len=item.max_model_len,
        last_error=item.last_error,
        defaults=item.at_gateway.defaults,
        max_parallelism=item.at_gateway.max_parallelism,
        supports_structured_outputs=item.at_gateway.supports_structured_outputs,
        owned_by=item.at_gateway.owned_by,
    )
