"""Settings for people: every value with its origin, and changes written back without losing the rest."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelscan.settings.reading import Settings, parse_setting, read_config, setting_fields, setting_for
from modelscan.storage.files import write_atomic


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
    return [_row(settings, item) for item in setting_fields()]


def setting_row(settings: Settings, key: str) -> SettingRow:
    """Raises Usage for an unknown key."""
    return _row(settings, setting_for(key))


def _row(settings: Settings, item: dataclasses.Field[Any]) -> SettingRow:
    value = getattr(settings, item.name)
    return SettingRow(
        key=item.metadata["key"],
        value=value,
        origin=settings.origins.get(item.name, "default"),
        env=item.metadata["env"],
        doc=item.metadata["doc"],
    )


def set_value(settings: Settings, key: str, value: str) -> Path:
    """Write one setting. The file is rewritten in one step; TOML comments in it are not kept."""
    item = setting_for(key)
    typed = parse_setting(item, value, "the command line")
    content = read_config(settings.config_path)
    table = content
    *folders, last = key.split(".")
    for folder in folders:
        table = table.setdefault(folder, {})
    table[last] = list(typed) if isinstance(typed, tuple) else typed
    _write(settings.config_path, content)
    return settings.config_path


def unset_value(settings: Settings, key: str) -> tuple[bool, Path]:
    """Whether anything changed, and the file."""
    setting_for(key)
    content = read_config(settings.config_path)
    table: Any = content
    *folders, last = key.split(".")
    for folder in folders:
        table = table.get(folder, {})
    if last not in table:
        return False, settings.config_path
    del table[last]
    _write(settings.config_path, content)
    return True, settings.config_path


def _write(path: Path, content: Mapping[str, Any]) -> None:
    import tomli_w

    write_atomic(path, tomli_w.dumps({name: value for name, value in content.items() if value != {}}))


def places(settings: Settings) -> dict[str, str]:
    """Where everything is, by name."""
    paths = settings.paths
    return {
        "configuration": str(settings.config_path),
        "local models": str(paths.local_models_file),
        "catalogs": str(paths.catalog_folder),
        "routing": str(settings.routing_path),
        "index": str(paths.index_file),
        "state": str(paths.database_file),
        "logs": str(paths.deployments_folder),
        "backends": str(paths.environments_folder),
    }
