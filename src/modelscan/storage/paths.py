"""All paths: one value made once, from `MODELSCAN_HOME` or the user's own folders."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from modelscan.dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Paths:
    """Folders and files; nothing is created by naming it."""

    config: Path
    cache: Path
    state: Path
    data: Path

    @property
    def config_file(self) -> Path:
        return self.config / "config.toml"

    @property
    def routing_file(self) -> Path:
        return self.config / "routing.yaml"

    @property
    def local_models_file(self) -> Path:
        """`models.local.yaml`, or `.yml` where only that is there."""
        other = self.config / "models.local.yml"
        preferred = self.config / "models.local.yaml"
        return other if other.exists() and not preferred.exists() else preferred

    @property
    def secrets_file(self) -> Path:
        """Tokens of hubs, where there is no keyring."""
        return self.config / "tokens.json"

    @property
    def secrets_folder(self) -> Path:
        """Where there is no keyring: a file for each owner of secrets that are gone with it, named by its id."""
        return self.state / "secrets"

    @property
    def keys_file(self) -> Path:
        """Hashes of the keys that clients show to the gateway and the API."""
        return self.config / "keys.json"

    @property
    def catalog_folder(self) -> Path:
        return self.config / "catalogs"

    @property
    def index_file(self) -> Path:
        """The user's own index; disposable, so its format is part of its name."""
        return self.cache / f"index-v{INDEX_FORMAT}.sqlite"

    @property
    def age_note_file(self) -> Path:
        """The day on which the user was last told that the catalog is old."""
        return self.cache / "catalog-age-noted"

    @property
    def pulled_file(self) -> Path:
        """What was registered when all of it that is to be pulled was here."""
        return self.cache / "pulled-v1.json"

    @property
    def previous_index_file(self) -> Path:
        """The index before the last refresh that changed anything."""
        return self.index_file.with_suffix(".previous.sqlite")

    @property
    def downloads_folder(self) -> Path:
        """The last copies of catalogs' documents, asked for again only if they changed."""
        return self.cache / "downloads"

    @property
    def database_file(self) -> Path:
        return self.state / "state.sqlite"

    @property
    def deployments_folder(self) -> Path:
        """One folder per deployment id: its lock, its logs."""
        return self.state / "deployments"

    @property
    def jobs_folder(self) -> Path:
        """One folder per job id: its lock, its log."""
        return self.state / "jobs"

    @property
    def seeding_log(self) -> Path:
        """What seedings did, the newest last."""
        return self.state / "seeding.log"

    @property
    def locks_folder(self) -> Path:
        return self.state / "locks"

    @property
    def connections_folder(self) -> Path:
        """What `connect` wrote into the files of other programs."""
        return self.state / "connections"

    @property
    def downloads_by_request(self) -> Path:
        """Weights that clients of the HTTP API asked for, where no other folder is allowed."""
        return self.data / "weights"

    @property
    def bugs_folder(self) -> Path:
        return self.state / "bugs"

    @property
    def environments_folder(self) -> Path:
        return self.data / "backends"


INDEX_FORMAT = 6


def paths_below(home: Path) -> Paths:
    """Everything below one folder: `config`, `cache`, `state`, `data`."""
    return Paths(config=home / "config", cache=home / "cache", state=home / "state", data=home / "data")


def user_paths(environ: Mapping[str, str]) -> Paths:
    """The platform's own folders for the current user.

    On Linux straight from the XDG base directory specification, 0.8: importing platformdirs, which says the same (a
    test compares them), would make every command start 16 ms later.
    """
    if sys.platform == "linux":
        home = Path(environ.get("HOME") or Path.home())
        return Paths(
            config=_xdg(environ, "XDG_CONFIG_HOME", home / ".config"),
            cache=_xdg(environ, "XDG_CACHE_HOME", home / ".cache"),
            state=_xdg(environ, "XDG_STATE_HOME", home / ".local" / "state"),
            data=_xdg(environ, "XDG_DATA_HOME", home / ".local" / "share"),
        )
    import platformdirs

    dirs = platformdirs.PlatformDirs("modelscan", appauthor=False)
    return Paths(
        config=dirs.user_config_path, cache=dirs.user_cache_path, state=dirs.user_state_path, data=dirs.user_data_path
    )


def _xdg(environ: Mapping[str, str], variable: str, default: Path) -> Path:
    value = environ.get(variable, "").strip()
    return (Path(value) if value else default) / "modelscan"
