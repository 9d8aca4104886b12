"""What the user adds to the names of deployments: aliases, fallbacks, weights. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.dataclasses import dataclass, field
from modelscan.errors import Conflict, Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicNames:
    """`aliases` lead from a name to another; `fallbacks` are tried in order when a name cannot be served; a deployment
    of weight 2 gets twice the requests of one of weight 1, which is that of all others.
    """

    aliases: Mapping[str, str] = field(default_factory=dict)
    fallbacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    weights: Mapping[str, int] = field(default_factory=dict)


def with_alias(names: PublicNames, name: str, target: str, *, taken: bool) -> PublicNames:
    """`taken`: a deployment or an upstream is called so.

    Raises Conflict then, Usage where the alias would lead back to itself.
    """
    if taken:
        raise Conflict(
            f"`{name}` is the name of a deployment or an upstream",
            hints=[f"modelscan routes alias OTHER-NAME {target}", "modelscan gateway status"],
        )
    seen, at = {name}, target
    while True:
        if at in seen:
            raise Usage(f"the alias `{name}` would lead back to itself", hints=["modelscan routes show"])
        seen.add(at)
        if at not in names.aliases:
            break
        at = names.aliases[at]
    return PublicNames(aliases={**names.aliases, name: target}, fallbacks=names.fallbacks, weights=names.weights)


def with_fallbacks(names: PublicNames, name: str, targets: tuple[str, ...]) -> PublicNames:
    """Raises Usage for a name that would fall back to itself."""
    if name in targets:
        raise Usage(f"`{name}` cannot fall back to itself", hints=["modelscan routes show"])
    fallbacks = {**names.fallbacks, name: tuple(dict.fromkeys(targets))}
    return PublicNames(aliases=names.aliases, fallbacks=fallbacks, weights=names.weights)


def with_weight(names: PublicNames, name: str, weight: int) -> PublicNames:
    return PublicNames(aliases=names.aliases, fallbacks=names.fallbacks, weights={**names.weights, name: weight})


def without(names: PublicNames, kind: str, name: str) -> PublicNames:
    """Without the entry of that kind: `aliases`, `fallbacks` or `weights`."""
    kinds = {"aliases": names.aliases, "fallbacks": names.fallbacks, "weights": names.weights}
    kinds[kind] = {key: value for key, value in kinds[kind].items() if key != name}
    return PublicNames(**kinds)  # type: ignore[arg-type]
