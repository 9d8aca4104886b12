"""Aliases, fallbacks and weights of the names that clients use."""

from __future__ import annotations

from collections.abc import Callable

from modelscan.dataclasses import dataclass
from modelscan.errors import Usage
from modelscan.routing.gateway_files import gateway_files, read_upstreams
from modelscan.routing.names import PublicNames, with_alias, with_fallbacks, with_weight, without
from modelscan.routing.names_edit import change_names
from modelscan.routing.names_file import NAMES_FILE
from modelscan.running.routes import update_routes
from modelscan.selecting.context import Context


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedRoute:
    """What a name leads to now: `alias` and `fallbacks` are other names; `removed` where it was taken away."""

    name: str
    alias: str | None = None
    fallbacks: tuple[str, ...] = ()
    weight: int = 1
    removed: bool = False


def set_alias(context: Context, name: str, target: str | None) -> NamedRoute:
    """Let `name` lead to `target`; None takes it away. Raises Conflict, Usage, ConfigInvalid."""
    if target is None:
        return _remove(context, "aliases", name)
    upstreams = read_upstreams(gateway_files(context.settings.paths))
    taken = context.deployments.named(name) is not None or any(item.name == name for item in upstreams)
    return _change(context, name, lambda names: with_alias(names, name, target, taken=taken))


def set_fallbacks(context: Context, name: str, targets: tuple[str, ...]) -> NamedRoute:
    """Try `targets` in their order where `name` cannot be served; none takes them away."""
    if not targets:
        return _remove(context, "fallbacks", name)
    return _change(context, name, lambda names: with_fallbacks(names, name, targets))


def set_weight(context: Context, name: str, weight: int | None) -> NamedRoute:
    """Give a deployment, or an upstream, that share of the requests for a name that it shares; None: the usual one.

    `upstream:NAME` is the upstream where a deployment has its name too.
    """
    if weight is None:
        return _remove(context, "weights", name)
    if all(name not in {item.name, item.id} for item in read_upstreams(gateway_files(context.settings.paths))):
        context.deployments.find_present(name)
    return _change(context, name, lambda names: with_weight(names, name, weight))


def _remove(context: Context, kind: str, name: str) -> NamedRoute:
    def change(names: PublicNames) -> PublicNames:
        if name not in getattr(names, kind):
            raise Usage(f"`{name}` has no entry among the {kind}", hints=["modelscan gateway status"])
        return without(names, kind, name)

    return _change(context, name, change, removed=True)


def _change(
    context: Context, name: str, change: Callable[[PublicNames], PublicNames], *, removed: bool = False
) -> NamedRoute:
    names = change_names(context.settings.routing_path.with_name(NAMES_FILE), change)
    update_routes(context)
    return NamedRoute(
        name=name,
        alias=names.aliases.get(name),
        fallbacks=names.fallbacks.get(name, ()),
        weight=names.weights.get(name, 1),
        removed=removed,
    )
