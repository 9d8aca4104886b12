"""Models that are served elsewhere, registered or of the Playground API, as the gateway's table has them."""

from __future__ import annotations

from modelscan.model.registered import RegisteredModel, UpstreamModel
from modelscan.playground.record import PlaygroundModel
from modelscan.playground.sources import api_of
from modelscan.playground.store import PlaygroundStore
from modelscan.registry.registered import registered_models
from modelscan.registry.words import ELSEWHERE, TASKS, UPSTREAM
from modelscan.routing.addresses import with_version
from modelscan.routing.compiled import TableMember, upstream_id
from modelscan.routing.ollama import spellings
from modelscan.selecting.context import Context


def upstream_members(context: Context) -> tuple[TableMember, ...]:
    """Registered ones that are enabled, by id, and those of the Playground API that are on.

    Raises StateDamaged, StateTooNew, StorageFailed.
    """
    return (*_registered(context), *playground_members(context))


def playground_members(context: Context) -> tuple[TableMember, ...]:
    with PlaygroundStore.for_reading(context.settings.paths, context.clock) as store:
        kept = store.list()
    return tuple(_remote(item) for item in kept if item.access_mode == "remote_api" and item.inference)


def _registered(context: Context) -> tuple[TableMember, ...]:
    registered = registered_models(context.settings).all.values()
    wanted = [item.model for item in registered if item.model.runtime in ELSEWHERE and item.model.enabled]
    if not wanted:
        return ()
    from modelscan.selecting.entries.upstream import (
        Upstreams,
    )  # and with it the catalog, which most commands do without

    upstreams = Upstreams(context)
    return tuple(_member(upstreams.completed(model)) for model in sorted(wanted, key=lambda item: item.id.casefold()))


def _remote(model: PlaygroundModel) -> TableMember:
    """Its name is the id, which no other has; clients ask by the name that people see."""
    served_as = model.served_as or model.display_name
    return TableMember(
        name=model.id,
        id=upstream_id(model.id),
        kind="upstream",
        base_url=with_version(api_of(model.source)),
        model=served_as,
        serves=(served_as,),
        called=(model.display_name, model.inference),
        api_key_env=model.id if model.has_token else None,
        owned_by="openai",
        created_at=model.created_at,
    )


def _member(model: RegisteredModel) -> TableMember:
    """One without a known address is there, so that it is told why it does not answer."""
    upstream = model.upstream or UpstreamModel()
    name, ollama = upstream.model or model.id, model.runtime != UPSTREAM
    serves = spellings(name) if ollama else (name,)
    lost = f"no address is known for it: modelscan model edit {model.id} --set upstream_base_url=https://HOST/v1"
    return TableMember(
        name=model.id,
        id=upstream_id(model.id),
        kind="upstream",
        base_url=upstream.base_url,
        model=serves[0],
        serves=serves,
        api_key_env=upstream.api_key_env,
        status="ready" if upstream.base_url else "failed",
        last_error=None if upstream.base_url else lost,
        task=TASKS[model.type or "chat"],
        max_parallelism=model.requests_at_once,
        defaults=model.defaults.said,
        supports_structured_outputs=model.supports_structured_outputs,
        owned_by=model.owned_by or "openai",
        created_at=model.created_at,
        max_model_len=model.context_length,
        pricing=model.pricing,
        ollama=ollama,
    )
