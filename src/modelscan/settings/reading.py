"""All settings, typed, with where each value came from. `SETTINGS` is also the source of the reference page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from modelscan.dataclasses import dataclass, field
from modelscan.errors import ConfigInvalid, Usage
from modelscan.settings.api import ApiSettings
from modelscan.settings.backend import BackendSettings
from modelscan.settings.catalog import CatalogSettings
from modelscan.settings.declaring import DeclaredSetting, declared, declares, sections, setting
from modelscan.settings.deploy import DeploySettings
from modelscan.settings.environment import process_environment
from modelscan.settings.file import config_text, parse_config
from modelscan.settings.gateway import GatewaySettings
from modelscan.settings.handlers import HandlersSettings
from modelscan.settings.routing import RoutingSettings
from modelscan.settings.seed_models import SeedModelsSettings, fleets, of_the_fleet
from modelscan.settings.values import flag
from modelscan.settings.weights import WeightsSettings
from modelscan.storage.paths import Paths, paths_below, user_paths


@dataclass(frozen=True, kw_only=True, eq=False)
@declares
class Settings:
    """`settings.deploy.first_port` is the key `deploy.first_port`; the last fields are no settings of the user's.

    `origins` says by key where a value came from: `flag`, `env NAME`, `file PATH`; what it lacks is a default.
    `beside` is the folder of a file of deployments, whose `models.local.yaml` counts too. `token_variables` are a
    fleet's names of its Hugging Face token. `as_if_registered` are rows of the registry, by key, that a dry run counts
    as if they were written.
    """

    catalog: CatalogSettings = field(default_factory=CatalogSettings)
    backend: BackendSettings = field(default_factory=BackendSettings)
    offline: bool = setting(False, flag, env="MODELSCAN_OFFLINE", doc="use only cached data; make no network requests")
    weights: WeightsSettings = field(default_factory=WeightsSettings)
    deploy: DeploySettings = field(default_factory=DeploySettings)
    routing: RoutingSettings = field(default_factory=RoutingSettings)
    seed_models: SeedModelsSettings = field(default_factory=SeedModelsSettings)
    gateway: GatewaySettings = field(default_factory=GatewaySettings)
    api: ApiSettings = field(default_factory=ApiSettings)
    handlers: HandlersSettings = field(default_factory=HandlersSettings)

    paths: Paths = field(default_factory=lambda: user_paths(process_environment()))
    environ: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    named_file: Path | None = None
    beside: Path | None = None
    as_if_registered: Mapping[str, Any] = field(default_factory=dict)
    token_variables: tuple[str, ...] = ()

    @property
    def seed_variables(self) -> dict[str, str]:
        """The variables that hold seeds, by name."""
        start, ours = self.seed_models.prefix, {item.env for item in SETTINGS.values()}
        return {
            name: text
            for name, text in self.environ.items()
            if name.startswith(start) and name != start and name not in ours
        }

    @property
    def routing_path(self) -> Path:
        return Path(self.routing.file).expanduser() if self.routing.file else self.paths.routing_file

    @property
    def litellm_path(self) -> Path | None:
        return Path(self.routing.litellm_file).expanduser() if self.routing.litellm_file else None

    @property
    def config_path(self) -> Path:
        return self.named_file or self.paths.config_file


# Every setting that a user can set, by its key, in the order of the reference.
SETTINGS: Mapping[str, DeclaredSetting] = {item.key: item for item in declared(Settings)}
_SECTIONS = sections(Settings)


def setting_for(key: str) -> DeclaredSetting:
    """The setting of a dotted key. Raises Usage with near keys."""
    if key in SETTINGS:
        return SETTINGS[key]
    near = get_close_matches(key, SETTINGS, n=3)
    raise Usage(
        f"unknown setting `{key}`",
        hints=[f"did you mean `{near[0]}`?" if near else "modelscan config show"],
        details={"known": list(SETTINGS)},
    )


def value_of(settings: Settings, key: str) -> Any:
    """The value of a dotted key that there is."""
    value: Any = settings
    for part in key.split("."):
        value = getattr(value, part)
    return value


def load_settings(
    environ: Mapping[str, str], *, config_file: Path | None = None, flags: Mapping[str, Any] | None = None
) -> Settings:
    """Settings from all four places.

    `flags` are values of global options by key. Raises ConfigInvalid that names the file or variable.
    """
    home = environ.get("MODELSCAN_HOME")
    paths = paths_below(Path(home).expanduser().absolute()) if home else user_paths(environ)
    named = config_file or (Path(environ["MODELSCAN_CONFIG"]) if environ.get("MODELSCAN_CONFIG") else None)
    path = (named or paths.config_file).expanduser()
    if named is not None and not path.exists():
        raise ConfigInvalid(f"the configuration file `{path}` does not exist", hints=_without(named, config_file))
    text = config_text(path)
    content = parse_config(text, path) if text else {}
    chosen = dict(_chosen(_flat(content, path), path, environ, flags or {}))
    prefix = (
        chosen["seed_models.prefix"][0] if "seed_models.prefix" in chosen else SETTINGS["seed_models.prefix"].default
    )
    chosen |= of_the_fleet(prefix, environ, SETTINGS, named={key: origin for key, (_, origin) in chosen.items()})
    values: dict[str, dict[str, Any]] = {}
    for key, (value, _) in chosen.items():
        place, _, name = key.rpartition(".")
        values.setdefault(place, {})[name] = value
    own = values.pop("", {})
    return Settings(
        **own,
        **{name: _SECTIONS[name](**given) for name, given in values.items()},
        paths=paths,
        environ=dict(environ),
        origins={key: origin for key, (_, origin) in chosen.items()},
        named_file=named and path,
        token_variables=tuple(f"{fleet}HF_TOKEN" for fleet in fleets(prefix, environ)),
    )


def _without(named: Path, config_file: Path | None) -> list[str]:
    """How to do without a configuration file that is named and missing."""
    return [f"check the path of --config: {named}"] if config_file else ["unset MODELSCAN_CONFIG"]


def _chosen(
    file: Mapping[str, Any], path: Path, environ: Mapping[str, str], flags: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[Any, str]]]:
    """What is set, by key, and where."""
    for key, item in SETTINGS.items():
        if flags.get(key) is not None:
            yield key, (flags[key], "flag")
        elif environ.get(item.env):
            value = item.parse(environ[item.env], f"the environment variable {item.env}")
            yield key, (value, f"env {item.env}")
        elif key in file:
            yield key, (item.parse(file[key], f"`{path}`"), f"file {path}")


def _flat(content: Mapping[str, Any], path: Path, prefix: str = "") -> dict[str, Any]:
    """The values of a configuration file by dotted key. Raises ConfigInvalid for a key that is no setting."""
    found: dict[str, Any] = {}
    for name, value in content.items():
        key = f"{prefix}{name}"
        if key in SETTINGS:
            found[key] = value
        elif isinstance(value, Mapping) and key in _SECTIONS:
            found |= _flat(value, path, f"{key}.")
        else:
            raise ConfigInvalid(
                f"`{path}` has an unknown setting `{key}`",
                hints=["modelscan config show", f"or remove the line: ${{EDITOR:-vi}} '{path}'"],
                details={"path": str(path), "key": key},
            )
    return found
