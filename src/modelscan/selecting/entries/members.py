"""The upstreams of registered models, as the gateway's table has them."""

from __future__ import annotations

from modelscan.model.registered import RegisteredModel, UpstreamModel
from modelscan.registry.registered import registered_models
from modelscan.registry.words import ELSEWHERE, TASKS, UPSTREAM
from modelscan.routing.compiled import TableMember, upstream_id
from modelscan.routing.ollama import spellings
from modelscan.selecting.context import Context


def upstream_members(context: Context) -> tuple[TableMember, ...]:
    """Those of all that are enabled, by id. Raises StateDamaged, StateTooNew, StorageFailed."""
    registered = registered_models(context.settings).all.values()
    wanted = [item.model for item in registered if item.model.runtime in ELSEWHERE and item.model.enabled]
    if not wanted:
        return ()
    from modelscan.selecting.entries.upstream import (
        Upstreams,
    )  # and with it the catalog, which most commands do without

    upstreams = Upstreams(context)
    return tuple(_member(upstreams.completed(model)) for model in sorted(wanted, key=lambda item: item.id.casefold()))


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
