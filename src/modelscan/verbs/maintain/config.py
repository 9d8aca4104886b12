"""Settings with the origin of each value, and the paths of all files."""

from __future__ import annotations

from typing import Any

from modelscan.dataclasses import dataclass
from modelscan.settings.reading import SETTINGS, Settings, setting_for, value_of


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingRow:
    """One setting; `origin` is `flag`, `env NAME`, `file PATH` or `default`."""

    key: str
    value: Any
    origin: str
    env: str
    doc: str

    @property
    def shown_value(self) -> str:
        if isinstance(self.value, tuple):
            return ":".join(self.value)
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)


def settings_table(settings: Settings) -> list[SettingRow]:
    return [setting_row(settings, key) for key in SETTINGS]


def setting_row(settings: Settings, key: str) -> SettingRow:
    """Raises Usage for an unknown key."""
    item = setting_for(key)
    return SettingRow(
        key=key,
        value=value_of(settings, key),
        origin=settings.origins.get(key, "default"),
        env=item.env,
        doc=item.doc,
    )


def locations(settings: Settings) -> dict[str, str]:
    """The paths of all files, by name."""
    paths = settings.paths
    return {
        "configuration": str(settings.config_path),
        "local_models": str(paths.local_models_file),
        "local models": str(paths.local_models_file),
        "catalogs": str(paths.catalog_folder),
        "routing": str(settings.routing_path),
        "index": str(paths.index_file),
        "state": str(paths.database_file),
        "logs": str(paths.deployments_folder),
        "backends": str(paths.environments_folder),
    }
