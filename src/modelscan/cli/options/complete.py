"""Shell completion. A completion never fails and never prints: at worst it offers nothing."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

from modelscan.errors import ModelscanError
from modelscan.settings.environment import process_environment
from modelscan.settings.reading import SETTINGS, Settings, load_settings

_MOST = 60


def _settings() -> Settings:
    return load_settings(process_environment())


def complete_deployment(incomplete: str) -> Iterator[str]:
    """Names of deployments that are not removed."""
    from modelscan.deployments.store import Store

    with contextlib.suppress(ModelscanError, sqlite3.Error, OSError), Store.for_reading(_settings().paths) as store:
        yield from (item.name for item in store.list() if item.name.startswith(incomplete))


def complete_model(incomplete: str) -> Iterator[str]:
    """Model ids and aliases with this prefix."""
    from modelscan.catalog.index.open import open_index

    with contextlib.suppress(ModelscanError, sqlite3.Error, OSError):
        yield from open_index(_settings()).names_starting_with(incomplete, limit=_MOST)


def complete_weights(incomplete: str) -> Iterator[str]:
    """Repos whose weights are on this machine."""
    from modelscan.hubs.stored import stored_weights

    with contextlib.suppress(ModelscanError, OSError):
        names = {item.repo_id for item in stored_weights(process_environment())}
        yield from sorted(name for name in names if name.lower().startswith(incomplete.lower()))


def complete_gpu(incomplete: str) -> Iterator[str]:
    """Indices of this machine's GPUs, and `none`."""
    from modelscan.hardware.machine import read_hardware

    devices = read_hardware(environ=process_environment()).devices
    yield from (word for word in (*(str(device.index) for device in devices), "none") if word.startswith(incomplete))


def complete_setting(incomplete: str) -> Iterator[str]:
    """Keys of settings."""
    yield from (key for key in SETTINGS if key.startswith(incomplete))
