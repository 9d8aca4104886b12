"""The table that the gateway reads: every name a client may use, and what serves it. Pure.

Verbs write it whenever a route changes; the gateway never asks anything else about deployments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from modelscan.backends.registry import BACKENDS
from modelscan.dataclasses import dataclass, field, replace
from modelscan.model import Deployment, Pricing
from modelscan.model.words import Status, Task
from modelscan.routing.names import PublicNames

TABLE_FORMAT = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class TableMember:
    """One endpoint: a deployment, or an upstream that somebody else runs.

    `base_url` has no `/v1` for a deployment; an upstream's is taken as it is, `/v1` included. `model` is the name that
    the endpoint knows; `serves` are those it takes as they are; `adapters` are further names, each with what a request
    for it says in its body. `claims` are bytes by GPU index (`host` for the host's memory). A key is only named, by the
    variable that holds it. `ollama` says that the upstream is one of Ollama's.
    """

    name: str
    id: str
    kind: Literal["deployment", "upstream"] = "deployment"
    base_url: str | None = None
    socket: str | None = None
    model: str
    serves: tuple[str, ...] = ()
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


@dataclass(frozen=True, kw_only=True, slots=True)
class GatewayTable:
    """`names` are the public names, each with its members; `aliases` lead to one of them, `fallbacks` to more."""

    format: int = TABLE_FORMAT
    members: tuple[TableMember, ...] = ()
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    fallbacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def compile_table(
    deployments: Iterable[Deployment],
    public: PublicNames,
    upstreams: Sequence[TableMember] = (),
) -> GatewayTable:
    """The table of all that can be asked for. A deployment's own name leads to it alone, whatever else is called so.

    An upstream has the names that no deployment has: requests for what runs here are not given away unasked. Upstreams
    that know their model by the same name share it.
    """
    present = [item for item in deployments if item.removed_at is None]
    own: dict[str, tuple[str, ...]] = {item.name: (item.name,) for item in present}
    upstreams = [item for item in upstreams if item.name not in own]
    members = [replace(item, weight=public.weights.get(item.name, 1)) for item in (*map(_member, present), *upstreams)]
    names: dict[str, tuple[str, ...]] = {}
    for item in present:
        for name in _called(item)[1:]:
            names[name] = (*names.get(name, ()), item.name)
    aliases = {alias: item.name for item in present for alias in item.aliases} | dict(public.aliases)
    for upstream in upstreams:
        own[upstream.name] = names.pop(upstream.name, (upstream.name,))
    for name, sharing in known_there(upstreams).items():
        if name not in aliases:
            names.setdefault(name, sharing)
    return GatewayTable(
        members=tuple(members),
        names={**names, **own},
        aliases={name: target for name, target in aliases.items() if name not in own},
        fallbacks=public.fallbacks,
    )


def known_there(upstreams: Sequence[TableMember]) -> dict[str, tuple[str, ...]]:
    """The names by which upstreams know their models, with those that do."""
    found: dict[str, tuple[str, ...]] = {}
    for item in upstreams:
        for name in dict.fromkeys((item.model, *item.serves)):
            found[name] = (*found.get(name, ()), item.name)
    return found


def _called(item: Deployment) -> tuple[str, ...]:
    """Its own name first, then what it shares with others of the same model."""
    adapters = (adapter.name for adapter in item.adapters)
    known = (item.name, item.model, item.catalog_id, item.repo_id, *item.served_model_names, *adapters)
    return tuple(dict.fromkeys(name for name in known if name))


def _adapters(item: Deployment) -> dict[str, Mapping[str, Any]]:
    adapts = BACKENDS[item.backend].adapts if item.adapters else None
    if adapts is None:
        return {}
    model = item.served_model_names[0] if item.served_model_names else item.name
    return {one.name: adapts.asks_for(one.name, number, model) for number, one in enumerate(item.adapters)}


def _member(item: Deployment) -> TableMember:
    each = None if item.memory.estimated_bytes is None else item.memory.estimated_bytes // max(1, len(item.gpu_indices))
    places = [str(index) for index in item.gpu_indices] or ["host"]
    return TableMember(
        name=item.name,
        id=item.id,
        socket=item.socket,
        base_url=item.base_url or (f"http://127.0.0.1:{item.port}" if item.port else None),
        model=item.served_model_names[0] if item.served_model_names else item.name,
        serves=item.served_model_names,
        adapters=_adapters(item),
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
