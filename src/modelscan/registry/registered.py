"""All registered models: rows, files and our own list, the strongest over the weaker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from modelscan.dataclasses import dataclass
from modelscan.model import Model
from modelscan.model.registered import RegisteredModel
from modelscan.registry.files import local_files
from modelscan.registry.layers import Layer, LayeredModel, grouped
from modelscan.registry.lists import built_in
from modelscan.registry.store import RegisteredRow, RegistryStore
from modelscan.settings.reading import Settings


@dataclass(frozen=True, slots=True)
class Registered:
    """`all` are by id in lower case, in the order in which they were said; `problems` name entries of no use."""

    all: dict[str, LayeredModel]
    problems: tuple[str, ...] = ()

    def models(self, *, with_built_in: bool = False) -> list[RegisteredModel]:
        """Those that somebody made here, and where asked those of our own list."""
        return [item.model for item in self.all.values() if with_built_in or not item.model.built_in]

    def find(self, name: str) -> LayeredModel | None:
        """By id in any spelling, else by the name that exactly one has."""
        if (found := self.all.get(name.casefold())) is not None:
            return found
        named = [item for item in self.all.values() if item.model.name.casefold() == name.casefold()]
        return named[0] if len(named) == 1 else None

    def of(self, model: Model, repo: str | None = None) -> LayeredModel | None:
        """What is said of a model of the catalog: under the `repo` of it that is meant, its id, any repo of it, or by a
        file that means its repo.
        """
        repos = [weights.repo_id.casefold() for weights in model.weights]
        keys = (*([repo.casefold()] if repo else []), model.id, *repos)
        found = next((self.all[key] for key in keys if key in self.all), None)
        by_repo = (item for item in self.all.values() if (layer := item.layer("local")) and layer.repo in repos)
        return found or next(by_repo, None)


def registered_models(settings: Settings) -> Registered:
    """Everything there is. Raises StateDamaged, StateTooNew, StorageFailed."""
    with RegistryStore.for_reading(settings.paths) as store:
        rows = {**store.rows(), **settings.as_if_registered}
    local, problems = _of_files(local_files(settings))
    return layered((*_of_rows(rows.values()), *local, *built_in()), problems)


def _of_files(files: list[Path]) -> tuple[list[Layer], list[str]]:
    if not files:
        return [], []
    from modelscan.registry.local_lists import of_files  # and with it YAML

    return of_files(files)


def layered(layers: Iterable[Layer], problems: Iterable[str] = ()) -> Registered:
    """The models of some layers."""
    groups = grouped(layers).items()
    return Registered({key: LayeredModel(key, tuple(items)) for key, items in groups}, tuple(problems))


def _of_rows(rows: Iterable[RegisteredRow]) -> Iterator[Layer]:
    for row in rows:
        if row.own is not None:
            yield Layer("user", row.id, row.own, row.created_at, row.updated_at)
        if row.seed is not None:
            yield Layer("seed", row.id, row.seed, row.created_at, row.updated_at)
