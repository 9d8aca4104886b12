"""Weights on this machine: listing, removing, pruning unused ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from modelscan import dataclasses
from modelscan.dataclasses import dataclass
from modelscan.deployments.document import record_of
from modelscan.deployments.store import Store
from modelscan.errors import Conflict, ModelscanError, Usage
from modelscan.hubs.ledger import Ledger
from modelscan.hubs.stored import Stored, take_away
from modelscan.model import Deployment
from modelscan.model.events import Ask
from modelscan.model.results import WeightsHere
from modelscan.selecting.context import Context
from modelscan.selecting.weights_here import (
    find_folders,
    find_weights,
    folders_here,
    not_here,
    recorded,
    uses,
    weights_here,
)
from modelscan.targets.target import KeptWeights, host_in
from modelscan.units import format_bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Freed:
    """Weights that were or would be deleted; `freed_bytes` is 0 in a dry run. `id` is what the user named."""

    id: str | None = None
    weights: tuple[WeightsHere, ...]
    size_bytes: int
    freed_bytes: int = 0


def list_weights(context: Context) -> list[WeightsHere]:
    """The repos in the hubs' caches, largest first, then folders that deployments use."""
    return [here for here, _ in weights_here(context)] + folders_here(context)


def remove_weights(context: Context, reference: str, *, force: bool, ask: Ask) -> Freed:
    """Delete all commits of a repo or model from this machine.

    Raises ModelNotFound, Conflict (a deployment needs it; or modelscan did not download it, and not `force`), Usage
    (not confirmed, or a folder).
    """
    chosen = find_weights(context, reference)
    if not chosen:
        raise _kept(reference, find_folders(context, reference))
    for here, _ in chosen:
        refuse_used(here, but=())
        if not force:
            refuse_foreign(here)
    _confirm(_told(chosen), ask, f"modelscan weights remove {reference} --yes")
    return dataclasses.replace(_take(context, chosen), id=reference)


def prune_weights(context: Context, *, dry_run: bool, ask: Ask) -> Freed:
    """Delete downloaded weights that no deployment needs. Raises Usage when not confirmed."""
    unused = [pair for pair in weights_here(context) if pair[0].downloaded_at is not None and not pair[0].used_by]
    if dry_run or not unused:
        return _freed(unused)
    _confirm(_told(unused), ask, "modelscan weights prune --yes")
    return _take(context, unused)


def purge_for(
    context: Context, references: Sequence[str], *, force: bool, ask: Ask
) -> Callable[[Deployment], Freed | None]:
    """The purge that `remove --purge-weights` runs after each removal; refusals are raised now, before any change.

    Weights go with the last deployment that needs them. A folder that the user named is never touched. Raises as
    `remove_weights` does, and DeploymentNotFound.
    """
    wanted = [context.deployments.find(reference) for reference in references]
    names = {item.name for item in wanted}
    chosen = [pair for pair in weights_here(context) if any(uses(item, pair[1]) for item in wanted)]
    for here, _ in chosen:
        refuse_used(here, but=names)
        if not force:
            refuse_foreign(here)
    there = {item.id: kept for item in wanted if (kept := _kept_there(context, item, names)) is not None}
    models = {
        (item.repo_id or item.model, there[item.id].size_bytes, item.target) for item in wanted if item.id in there
    }
    if chosen or models:
        line = f"modelscan remove {' '.join(sorted(names))} --purge-weights --yes"
        _confirm([*_told(chosen), *sorted(models)], ask, line)

    def purge(removed: Deployment) -> Freed | None:
        if removed.id in there:
            return _purged_there(context, removed, there[removed.id])
        users = recorded(context)
        own = [pair for pair in chosen if uses(removed, pair[1]) and not any(uses(one, pair[1]) for one in users)]
        return _take(context, own) if own else None

    return purge


def refuse_used(here: WeightsHere, *, but: Iterable[str]) -> None:
    """Raise Conflict when a deployment other than `but` needs these weights."""
    others = [name for name in here.used_by if name not in but]
    if others:
        raise Conflict(
            f"the weights of `{here.repo_id}` are in use",
            cause=[f"by {', '.join(others)}"],
            hints=[f"modelscan remove {' '.join(others)}"],
            details={"repo_id": here.repo_id, "deployments": others},
        )


def refuse_foreign(here: WeightsHere) -> None:
    """Raise Conflict for weights that another program downloaded."""
    if here.downloaded_at is None:
        raise Conflict(
            f"modelscan did not download `{here.repo_id}`",
            cause=[f"it is in `{here.path}`, and other programs may rely on it"],
            hints=["to remove it anyway: --force"],
            details={"repo_id": here.repo_id, "path": here.path},
        )


def _kept(reference: str, folders: Sequence[WeightsHere]) -> ModelscanError:
    """Why weights that are in no cache are not deleted."""
    if not folders:
        return not_here(reference)
    return Usage(
        f"`{folders[0].path}` is in no hub's cache, and modelscan never deletes such a folder",
        hints=[f"modelscan remove {' '.join(folders[0].used_by)}"]
        if folders[0].used_by
        else ["modelscan weights list"],
        details={"path": folders[0].path, "deployments": list(folders[0].used_by)},
    )


def _kept_there(context: Context, item: Deployment, names: Iterable[str]) -> KeptWeights | None:
    """What its target's own program keeps of its model, where that may be deleted. Raises Conflict, SourceUnavailable.

    Without our own fetching it is never deleted, whatever is asked: it is the user's own program that has it.
    """
    host = host_in(context.deployments.target(item.target))
    if host is None:
        return None
    with Store.for_reading(context.settings.paths, context.clock) as store:
        kept = host.kept(record_of(item), store)
    if kept is None:
        return None
    others = [one.name for one in recorded(context) if _shares(one, item) and one.name not in names]
    if others:
        raise Conflict(
            f"`{item.repo_id}` is in use",
            cause=[f"by {', '.join(others)}"],
            hints=[f"modelscan remove {' '.join(others)}"],
            details={"repo_id": item.repo_id, "deployments": others},
        )
    if not kept.is_ours:
        raise Conflict(
            f"modelscan did not fetch `{item.repo_id}`",
            cause=[f"`{item.target}` had it before, or has another one of that name by now"],
            hints=[f"keep it: modelscan remove {item.name}"],
            details={"repo_id": item.repo_id},
        )
    return kept


def _shares(one: Deployment, item: Deployment) -> bool:
    there = (one.target, one.base_url, one.repo_id)
    return one.removed_at is None and there == (item.target, item.base_url, item.repo_id)


def _purged_there(context: Context, removed: Deployment, kept: KeptWeights) -> Freed | None:
    """It goes with the last deployment of it."""
    host = host_in(context.deployments.target(removed.target))
    if host is None or any(_shares(one, removed) for one in recorded(context)):
        return None
    with Store(context.settings.paths, context.clock) as store:
        host.purge(record_of(removed), store)
    return Freed(weights=(), size_bytes=kept.size_bytes, freed_bytes=kept.size_bytes)


def _told(chosen: Sequence[tuple[WeightsHere, Stored]]) -> list[tuple[str, int, str]]:
    return [(here.repo_id, here.size_bytes, here.source) for here, _ in chosen]


def _confirm(chosen: Sequence[tuple[str, int, str]], ask: Ask, line: str) -> None:
    """`chosen` are names, bytes and where they come from."""
    rows = [f"  {name}  {format_bytes(size)}  ({source})" for name, size, source in chosen]
    total = sum(size for _, size, _ in chosen)
    if ask("\n".join(["Delete these weights?", *rows, f"{format_bytes(total)} in total"]), default=False) is not True:
        raise Usage(
            "nothing was deleted: this needs confirmation",
            cause=[row.strip() for row in rows],
            hints=[line],
            details={"size_bytes": total, "repos": [name for name, *_ in chosen]},
        )


def _take(context: Context, chosen: Sequence[tuple[WeightsHere, Stored]]) -> Freed:
    freed = 0
    for _, stored in chosen:
        freed += take_away(stored)
        with Ledger(context.settings.paths, context.clock) as ledger:
            ledger.forget_download(stored.path)
    return _freed(chosen, freed)


def _freed(chosen: Sequence[tuple[WeightsHere, Stored]], freed: int = 0) -> Freed:
    weights = tuple(here for here, _ in chosen)
    return Freed(weights=weights, size_bytes=sum(here.size_bytes for here in weights), freed_bytes=freed)
