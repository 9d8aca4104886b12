"""Shell completion. A completion never fails and never prints: at worst it offers nothing."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from modelscan.errors import ModelscanError
from modelscan.selecting.context import Context
from modelscan.settings.environment import process_environment
from modelscan.settings.reading import SETTINGS, Settings, load_settings

if TYPE_CHECKING:
    from modelscan.catalog.index.index import Index

_MOST = 60


def _settings() -> Settings:
    return load_settings(process_environment())


def complete_deployment(incomplete: str) -> Iterator[str]:
    """Names of deployments that are not removed."""
    from modelscan.deployments.store import Store

    with contextlib.suppress(ModelscanError, sqlite3.Error, OSError), Store.for_reading(_settings().paths) as store:
        yield from (item.name for item in store.list() if item.name.startswith(incomplete))


def _index() -> Index:
    from modelscan.catalog.index.open import open_index

    return open_index(_settings())


def complete_model(incomplete: str) -> Iterator[str]:
    """Model ids and aliases with this prefix."""
    with contextlib.suppress(ModelscanError, sqlite3.Error, OSError):
        yield from _index().names_starting_with(incomplete, limit=_MOST)


def complete_deployable(incomplete: str) -> Iterator[str]:
    """The same of models with weights: closed ones can only be looked up."""
    with contextlib.suppress(ModelscanError, sqlite3.Error, OSError):
        yield from _index().names_starting_with(incomplete, limit=_MOST, with_weights=True)


def complete_registered(incomplete: str) -> Iterator[str]:
    """Ids of registered models."""
    with contextlib.suppress(ModelscanError, sqlite3.Error, OSError):
        yield from _index().registered_starting_with(incomplete)


def complete_weights(incomplete: str) -> Iterator[str]:
    """Repos whose weights are on this machine, and the folders of deployments."""
    from modelscan.selecting.weights_here import folders_here, weights_here

    with contextlib.suppress(ModelscanError, sqlite3.Error, OSError):
        context = Context(settings=_settings())
        names = {here.repo_id for here in (*(here for here, _ in weights_here(context)), *folders_here(context))}
        yield from sorted(name for name in names if name.lower().startswith(incomplete.lower()))


def _machines() -> Any:
    from modelscan.selecting import machine

    return machine


def complete_gpu(incomplete: str) -> Iterator[str]:
    """Indices of this machine's GPUs, and `none`."""
    with contextlib.suppress(ModelscanError, OSError):
        devices = _machines().machine(Context(settings=_settings())).devices
        words = (*(str(device.index) for device in devices), "none")
        yield from (word for word in words if word.startswith(incomplete))


def complete_hardware(incomplete: str) -> Iterator[str]:
    """Names of GPUs that `--hardware` accepts, also after a number of them."""
    found = re.match(r"\d+x", incomplete)
    count = found[0] if found else ""
    name = incomplete.removeprefix(count).lower()
    words = [*_machines().hardware_names(), *([] if count else ["cpu:"])]
    yield from (f"{count}{word}" for word in words if word.startswith(name))


def complete_words(known: Iterable[str]) -> Callable[[str], list[str]]:
    """Words of a closed list."""
    return lambda incomplete: [word for word in known if word.startswith(incomplete.lower())]


def complete_source(incomplete: str) -> Iterator[str]:
    """What `catalog search --source` takes."""
    with contextlib.suppress(ModelscanError, sqlite3.Error, OSError):
        yield from (name for name in _index().source_names() if name.startswith(incomplete))


def complete_setting(incomplete: str) -> Iterator[str]:
    """Keys of settings."""
    yield from (key for key in SETTINGS if key.startswith(incomplete))
