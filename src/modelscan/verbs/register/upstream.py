"""`model add` of what somebody else runs: a provider, another server, Ollama on this machine."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from modelscan.dataclasses import dataclass
from modelscan.errors import Conflict, ModelNotFound, ModelscanError, Unauthorized, Usage
from modelscan.model.registered import RegisteredModel
from modelscan.parsing.addresses import is_loopback
from modelscan.registry.editing import Changes, added, refused, stated_with
from modelscan.registry.entry import EntryInvalid, read_entry
from modelscan.registry.registered import registered_models
from modelscan.registry.store import RegistryStore
from modelscan.routing.addresses import with_version
from modelscan.routing.compiled import shared_with_deployments, upstream_id
from modelscan.routing.gateway_files import gateway_files, read_table
from modelscan.routing.ollama import normal_tag, ollama_address, refuse_cloud
from modelscan.running.gateway.process import running_gateway
from modelscan.running.routes import update_upstreams
from modelscan.selecting.context import Context
from modelscan.selecting.entries.kinds import with_kinds
from modelscan.selecting.entries.offered import OfferedModel, offered_at, offered_by_ollama
from modelscan.selecting.entries.upstream import Upstreams
from modelscan.storage.secrets import Secrets

_SHOWN = 10
_MOST_AT_ONCE = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class AddedUpstreams:
    """The models that are registered now, and what may keep them from answering."""

    models: tuple[RegisteredModel, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundModel:
    """One that Ollama has; `registered` is the id under which it is registered."""

    tag: str
    type: str | None
    context_length: int | None
    quantization: str | None
    size_bytes: int | None
    registered: str | None


def add_upstream(
    context: Context, model_id: str | None, changes: Changes, *, address: str, variable: str | None, model: str | None
) -> AddedUpstreams:
    """Register a model that is served at an address. It is asked once; no answer is a warning.

    Raises Usage, naming what is wrong, and Conflict.
    """
    if model_id is None:
        raise Usage("no name was given for the upstream", hints=[f"modelscan model add NAME --upstream {address}"])
    base_url = with_version(address)
    _refuse_itself(context, base_url)
    (offer,) = with_kinds(context, [OfferedModel(model=model or model_id, base_url=base_url)])
    made = _register(context, {model_id: offer.entry() | _named(variable)}, changes)
    return AddedUpstreams(models=made, warnings=(*_remarks(context, made[0]), *_sharing(context, made)))


def ollama_models(context: Context) -> tuple[FoundModel, ...]:
    """What Ollama has on this machine. Raises SourceUnavailable."""
    entries = registered_models(context.settings).models()
    known = {normal_tag(item.upstream.model): item.id for item in entries if item.upstream and item.upstream.model}
    return tuple(
        FoundModel(
            tag=item.model,
            type=item.type,
            context_length=item.context_length,
            quantization=item.quantization,
            size_bytes=item.size_bytes,
            registered=known.get(item.model),
        )
        for item in with_kinds(context, offered_by_ollama(ollama_address(context.settings.environ)))
    )


def add_from_ollama(context: Context, model_id: str, changes: Changes, *, model: str | None) -> AddedUpstreams:
    """Register a model that Ollama has; `model` is its tag where `model_id` is not.

    Raises ModelNotFound, Usage for one of its cloud, SourceUnavailable, Conflict.
    """
    tag = normal_tag(model or model_id)
    refuse_cloud(tag, {}, "modelscan model add --ollama")
    offered = {item.model: item for item in offered_by_ollama(ollama_address(context.settings.environ))}
    if tag not in offered:
        near = get_close_matches(tag, offered, n=1)
        raise ModelNotFound(
            f"Ollama has no `{tag}`",
            hints=[*(f"did you mean `{name}`?" for name in near), f"ollama pull {shlex.quote(tag)}"],
            details={"id": tag},
        )
    (found,) = with_kinds(context, [offered[tag]])
    made = _register(context, {model_id: found.entry()}, changes)
    return AddedUpstreams(models=made, warnings=tuple(_sharing(context, made)))


def add_from_running(
    context: Context, model_id: str | None, changes: Changes, *, address: str, variable: str | None, model: str | None
) -> AddedUpstreams:
    """Register what a server that runs already says it has: the one that `model` or `model_id` names, else all of it.

    Raises SourceUnavailable, Unauthorized, ModelNotFound, Usage where several could be meant, Conflict.
    """
    base_url = with_version(address)
    _refuse_itself(context, base_url)
    key = _key(context, variable)
    try:
        offered = {item.model: item for item in offered_at(base_url, key)}
    except Unauthorized as error:
        raise _unauthorized(base_url, variable, key) from error
    if not offered:
        raise ModelNotFound(f"`{base_url}` has no models", hints=[f"curl {base_url}/models"])
    extra = _named(variable)
    if model_id is not None:
        (chosen,) = with_kinds(context, [_chosen(offered, base_url, model_id, model)])
        made = _register(context, {model_id: chosen.entry() | extra}, changes)
        return AddedUpstreams(models=made, warnings=(*_of_key(context, made[0]), *_sharing(context, made)))
    wanted = [_chosen(offered, base_url, model, model)] if model is not None else list(offered.values())
    taken = registered_models(context.settings).all
    new = [item for item in wanted if item.model.casefold() not in taken or taken[item.model.casefold()].model.built_in]
    if not new:
        raise Conflict(
            f"all that `{base_url}` has is already registered",
            hints=["modelscan model list", f"modelscan model add NAME --from-running {base_url}"],
        )
    if len(new) > _MOST_AT_ONCE:
        raise _which(base_url, list(offered), "are many to register unasked")
    models = _register(context, {item.model: item.entry() | extra for item in with_kinds(context, new)}, changes)
    left = [f"`{item.model}` is already registered and stays as it is" for item in wanted if item not in new]
    warnings = (*left, *_of_key(context, models[0]), *_sharing(context, models))
    return AddedUpstreams(models=models, warnings=warnings)


def _named(variable: str | None) -> dict[str, str]:
    return {"upstream_api_key_env": variable} if variable is not None else {}


def _register(
    context: Context, entries: Mapping[str, Mapping[str, Any]], changes: Changes
) -> tuple[RegisteredModel, ...]:
    """All of them or none."""
    rows = {}
    for model_id, keys in entries.items():
        try:
            entry = read_entry({**keys, "id": model_id})
        except EntryInvalid as error:
            raise refused(model_id, str(error)) from error
        rows[entry.id] = added(entry.id, stated_with(entry.id, entry.stated, changes))
    with RegistryStore(context.settings.paths, context.clock) as store:
        store.change_all(rows)
    found = registered_models(context.settings).all
    made = [found[model_id.casefold()].model for model_id in rows]
    update_upstreams(context, *made)
    return tuple(map(Upstreams(context).completed, made))


def _refuse_itself(context: Context, base_url: str) -> None:
    running = running_gateway(context)
    there = urlsplit(base_url)
    if running is not None and is_loopback(there.hostname) and there.port == running.port:
        raise Usage(f"`{base_url}` is this gateway itself", hints=["modelscan gateway status"])


def _chosen(offered: Mapping[str, OfferedModel], base_url: str, name: str, model: str | None) -> OfferedModel:
    wanted = model or (name if name in offered or len(offered) > 1 else next(iter(offered)))
    if wanted in offered:
        return offered[wanted]
    names = list(offered)
    if model is None:
        raise _which(base_url, names, f"which one is `{name}`?")
    near = get_close_matches(wanted, names, n=1)
    raise ModelNotFound(
        f"`{base_url}` has no `{wanted}`",
        cause=[f"it has {_listed(names)}"],
        hints=[f"--upstream-model {shlex.quote((near or names)[0])}"],
        details={"id": wanted},
    )


def _which(base_url: str, names: Sequence[str], what: str) -> Usage:
    return Usage(
        f"the {len(names)} models of `{base_url}`: {what}",
        cause=[_listed(names)],
        hints=[f"--upstream-model {shlex.quote(names[0])}"],
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(f"`{name}`" for name in names[:_SHOWN]) + more


def _key(context: Context, variable: str | None) -> str | None:
    if variable is None:
        return None
    return context.settings.environ.get(variable) or Secrets(context.settings.paths.secrets_file).get(variable)


def _unauthorized(base_url: str, variable: str | None, key: str | None) -> Unauthorized:
    if variable is None:
        hints = [f"--api-key-env VAR, where VAR holds the key: modelscan model add --from-running {base_url} …"]
    else:
        hints = [f"export {variable}=…", f"modelscan login --api-key-env {variable}"]
    how = "refuses the key in" if key else "asks for a key, and none is in"
    said = f"`{base_url}` {how} `{variable}`" if variable else f"`{base_url}` asks for a key"
    return Unauthorized(said, hints=hints, details={"address": base_url})


def _remarks(context: Context, made: RegisteredModel) -> Iterator[str]:
    """What may keep a new upstream from answering; its server is asked for its models."""
    upstream = made.upstream
    if upstream is None or upstream.base_url is None:
        return
    yield from _of_key(context, made)
    key = _key(context, upstream.api_key_env)
    if context.settings.offline or (upstream.api_key_env and not key):
        return
    try:
        names = [item.model for item in offered_at(upstream.base_url, key)]
    except Unauthorized as error:
        yield _unauthorized(upstream.base_url, upstream.api_key_env, key).message or error.message
    except ModelscanError as error:
        yield f"{error.message} now{f': {error.cause[0]}' if error.cause else ''}; the gateway asks it again"
    else:
        if names and upstream.model not in names:
            near = get_close_matches(upstream.model or "", names, n=1)
            meant = f"; did you mean `--upstream-model {near[0]}`?" if near else ""
            yield f"`{upstream.base_url}` does not list `{upstream.model}`{meant}"


def _sharing(context: Context, made: Sequence[RegisteredModel]) -> Iterator[str]:
    """Which requests for what runs here go to a new upstream too."""
    table = read_table(gateway_files(context.settings.paths))
    for model in made:
        member = next((item for item in table.members if item.id == upstream_id(model.id)), None)
        shared = {} if member is None else shared_with_deployments(table, member)
        if member is not None and shared:
            names = ", ".join(f"`{name}`" for name in shared)
            here = ", ".join(f"`{name}`" for name in dict.fromkeys(itertools.chain(*shared.values())))
            weight = f"modelscan routes weight {shlex.quote(member.name)} N"
            yield f"requests for {names} are shared with the deployment {here} from now on ({weight})"


def _of_key(context: Context, made: RegisteredModel) -> Iterator[str]:
    upstream = made.upstream
    if upstream is None or upstream.base_url is None or upstream.api_key_env is None:
        return
    if upstream.base_url.startswith("http:") and not is_loopback(urlsplit(upstream.base_url).hostname):
        yield f"the key in `{upstream.api_key_env}` goes to `{upstream.base_url}` unencrypted"
    if not _key(context, upstream.api_key_env):
        yield (
            f"`{upstream.api_key_env}` is not set here: the gateway reads it where it is started "
            f"(export {upstream.api_key_env}=…; modelscan gateway restart)"
        )
