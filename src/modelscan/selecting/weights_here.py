"""The weights on this machine, and the deployments that use them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from modelscan.catalog.index.open import open_index
from modelscan.catalog.naming.identity import resolve
from modelscan.errors import ModelNotFound, ModelscanError
from modelscan.hubs.ledger import Ledger
from modelscan.hubs.stored import Stored, stored_weights
from modelscan.model import Deployment
from modelscan.model.results import WeightsHere
from modelscan.selecting.context import Context


def find_weights(context: Context, reference: str) -> list[tuple[WeightsHere, Stored]]:
    """What a repo, a model's name or a path of a cached repo means in the hubs' caches."""
    found = weights_here(context)
    folder = str(Path(reference).expanduser())
    wanted = {reference.lower()}
    chosen = [pair for pair in found if pair[0].repo_id.lower() in wanted or pair[0].path == folder]
    if not chosen:
        wanted |= {name.lower() for name in _repos_of(context, reference)}
        chosen = [pair for pair in found if pair[0].repo_id.lower() in wanted]
    return chosen


def find_folders(context: Context, reference: str) -> list[WeightsHere]:
    """The folders that a path or a model's name means: of deployments, of the catalog, or any that there is."""
    known = {item.path: item for item in folders_here(context)}
    path = str(Path(reference).expanduser().absolute())
    names = {path, *_repos_of(context, reference)}
    names |= {item.location or "" for item in recorded(context) if reference in {item.model, item.catalog_id}}
    there = sorted(name for name in names if name in known or (name.startswith("/") and Path(name).is_dir()))
    return [known.get(name) or _folder(name) for name in there]


def folders_here(context: Context) -> list[WeightsHere]:
    """The folders that deployments use, in no hub's cache."""
    users: dict[str, list[str]] = {}
    for item in recorded(context):
        if item.source == "local_path" and item.location:
            users.setdefault(item.location, []).append(item.name)
    return [_folder(path, users[path]) for path in sorted(users)]


def _folder(path: str, users: Sequence[str] = ()) -> WeightsHere:
    size = sum(file.stat().st_size for file in Path(path).rglob("*") if file.is_file())
    return WeightsHere(source="local_path", repo_id=path, path=path, size_bytes=size, used_by=tuple(users))


def not_here(reference: str) -> ModelNotFound:
    return ModelNotFound(
        f"there are no weights of `{reference}` on this machine",
        hints=["modelscan weights list"],
        details={"reference": reference},
    )


def weights_here(context: Context) -> list[tuple[WeightsHere, Stored]]:
    with Ledger.for_reading(context.settings.paths, context.clock) as ledger:
        downloads = ledger.downloads()
    deployments = recorded(context)
    return [
        (
            WeightsHere(
                source=item.source,
                repo_id=item.repo_id,
                path=str(item.path),
                commits=item.commits,
                size_bytes=item.size_bytes,
                unfinished_bytes=item.unfinished_bytes,
                downloaded_at=downloads[str(item.path)].at if str(item.path) in downloads else None,
                used_by=tuple(one.name for one in deployments if uses(one, item)),
            ),
            item,
        )
        for item in stored_weights(context.settings.environ)
    ]


def uses(deployment: Deployment, item: Stored) -> bool:
    if (deployment.source, deployment.repo_id) == (item.source, item.repo_id):
        return True
    if any((one.source, one.repo_id) == (item.source, item.repo_id) for one in deployment.adapters):
        return True
    return deployment.location is not None and Path(deployment.location).is_relative_to(item.path)


def recorded(context: Context) -> tuple[Deployment, ...]:
    return context.deployments.recorded()


def _repos_of(context: Context, reference: str) -> list[str]:
    """The repos that a catalog knows for a name; none where it knows no such name."""
    try:
        model = resolve(reference, open_index(context.settings)).model
    except ModelscanError:
        return []
    return [item.repo_id for item in model.weights] if model else []
