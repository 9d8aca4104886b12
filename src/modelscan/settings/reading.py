"""Typed settings: flag before environment before file before default, and where each value came from.

The one place that reads environment variables. `SETTINGS` is also the source of the generated reference page.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelscan.errors import ConfigInvalid, Usage
from modelscan.storage.paths import Paths, paths_below, user_paths


def process_environment() -> dict[str, str]:
    """A copy of this process's environment: the only read of it in the program."""
    return dict(os.environ)  # noqa: TID251  this is the door


def trust_named_certificates() -> None:
    """Let the certificates that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE name count here and in what is started from here.

    Companies set those; httpx, and OpenSSL itself, know SSL_CERT_FILE and SSL_CERT_DIR only, which come first.
    """
    environ = os.environ  # noqa: TID251  this is the door
    named = environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE")
    if named and not (environ.get("SSL_CERT_FILE") or environ.get("SSL_CERT_DIR")):
        environ["SSL_CERT_DIR" if Path(named).is_dir() else "SSL_CERT_FILE"] = named


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("must be text")
    return value


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    words = {
        "1": True,
        "true": True,
        "yes": True,
        "on": True,
        "0": False,
        "false": False,
        "no": False,
        "off": False,
    }
    found = words.get(str(value).strip().lower())
    if found is None:
        raise ValueError("must be true or false")
    return found


def _seconds(value: object) -> float:
    number = float(str(value))
    if not 0 < number < float("inf"):
        raise ValueError("must be a number of seconds above 0")
    return number


def _count(value: object) -> int:
    number = int(str(value))
    if number < 1:
        raise ValueError("must be a whole number above 0")
    return number


def _port(value: object) -> int:
    number = int(str(value))
    if not 1 <= number <= 65535:  # noqa: PLR2004  the range of TCP ports
        raise ValueError("must be a port, 1 to 65535")
    return number


def _folders(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(_text(item) for item in value)
    return tuple(part for part in _text(value).split(os.pathsep) if part)


def _names(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else _text(value).split(",")
    return tuple(name for item in listed if (name := _text(item).strip()))


def _restart(value: object) -> str:
    if value not in {"no", "on-failure", "always"}:
        raise ValueError("must be no, on-failure or always")
    return str(value)


def _setting(key: str, default: Any, read: Callable[[object], Any], *, env: str, doc: str) -> Any:
    return field(default=default, metadata={"key": key, "read": read, "env": env, "doc": doc})


# Every start makes this class: without what nobody asks of it, in two thirds of the time.
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Settings:
    """Every setting. Metadata: `key` (dotted, as in config.toml), `env`, `doc`."""

    models_dev_url: str = _setting(
        "catalog.models_dev_url",
        "https://models.dev/api.json",
        _text,
        env="MODELSCAN_MODELS_DEV_URL",
        doc="models.dev's api.json: https, file: or a path",
    )
    gpustack_catalog_url: str = _setting(
        "catalog.gpustack_catalog_url",
        "https://raw.githubusercontent.com/gpustack/gpustack/main/gpustack/assets/model-catalog.yaml",
        _text,
        env="MODELSCAN_GPUSTACK_CATALOG_URL",
        doc="GPUStack's catalog of Hugging Face models",
    )
    gpustack_modelscope_catalog_url: str = _setting(
        "catalog.gpustack_modelscope_catalog_url",
        "https://raw.githubusercontent.com/gpustack/gpustack/main/gpustack/assets/model-catalog-modelscope.yaml",
        _text,
        env="MODELSCAN_GPUSTACK_MODELSCOPE_CATALOG_URL",
        doc="GPUStack's catalog of ModelScope models",
    )
    vllm_recipes_url: str = _setting(
        "catalog.vllm_recipes_url",
        "https://recipes.vllm.ai",
        _text,
        env="MODELSCAN_VLLM_RECIPES_URL",
        doc="vLLM's recipes: an address of their JSON tree, or a folder of their YAML files",
    )
    catalog_dirs: tuple[str, ...] = _setting(
        "catalog.dirs",
        (),
        _folders,
        env="MODELSCAN_CATALOG_DIRS",
        doc="folders of catalog files besides `catalogs/` in the config folder, separated by `:`",
    )
    backend_dirs: tuple[str, ...] = _setting(
        "backend.dirs",
        (),
        _folders,
        env="MODELSCAN_BACKEND_DIRS",
        doc="environments of backends that you made yourself, separated by `:`",
    )
    offline: bool = _setting(
        "offline", False, _flag, env="MODELSCAN_OFFLINE", doc="use no network; what is cached must do"
    )
    auto_download: bool = _setting(
        "weights.auto_download",
        True,
        _flag,
        env="AUTO_DOWNLOAD_MODELS",
        doc="false: a deployment whose weights are missing fails at once and lists them",
    )
    models: tuple[str, ...] = _setting(
        "weights.models",
        (),
        _names,
        env="MODELS",
        doc="what `pull` without an ID gets, separated by commas",
    )
    first_port: int = _setting(
        "deploy.first_port",
        8080,
        _port,
        env="MODELSCAN_FIRST_PORT",
        doc="the first port offered to a deployment",
    )
    stall_timeout: float = _setting(
        "deploy.stall_timeout",
        600.0,
        _seconds,
        env="MODELSCAN_STALL_TIMEOUT",
        doc="seconds without any progress after which a starting backend is given up",
    )
    stop_grace: float = _setting(
        "deploy.stop_grace",
        15.0,
        _seconds,
        env="MODELSCAN_STOP_GRACE",
        doc="seconds a backend gets to end by itself before it is killed",
    )
    stop_linger: float = _setting(
        "deploy.stop_linger",
        2.0,
        _seconds,
        env="MODELSCAN_STOP_LINGER",
        doc="seconds its workers get once the backend itself is gone, before they are killed",
    )
    release_timeout: float = _setting(
        "deploy.release_timeout",
        30.0,
        _seconds,
        env="MODELSCAN_RELEASE_TIMEOUT",
        doc="seconds to wait until the memory of a GPU is back, after a stop and before a start",
    )
    probe_interval: float = _setting(
        "deploy.probe_interval",
        5.0,
        _seconds,
        env="MODELSCAN_PROBE_INTERVAL",
        doc="seconds between two questions to a ready backend whether it is well",
    )
    probe_timeout: float = _setting(
        "deploy.probe_timeout",
        10.0,
        _seconds,
        env="MODELSCAN_PROBE_TIMEOUT",
        doc="seconds a backend gets to answer that",
    )
    unhealthy_after: int = _setting(
        "deploy.unhealthy_after",
        3,
        _count,
        env="MODELSCAN_UNHEALTHY_AFTER",
        doc="failed probes in a row after which a backend is unhealthy",
    )
    wedged_after: float = _setting(
        "deploy.wedged_after",
        120.0,
        _seconds,
        env="MODELSCAN_WEDGED_AFTER",
        doc="seconds with requests in flight and no token after which a backend is unhealthy, though it answers",
    )
    restart_after: float = _setting(
        "deploy.restart_after",
        60.0,
        _seconds,
        env="MODELSCAN_RESTART_AFTER",
        doc="seconds that a backend stays unhealthy before it is restarted, where the restart setting says so",
    )
    restart: str = _setting(
        "deploy.restart",
        "no",
        _restart,
        env="MODELSCAN_RESTART",
        doc="what happens when a ready backend dies: no, on-failure, always",
    )
    routing_file: str = _setting(
        "routing.file",
        "",
        _text,
        env="MODELSCAN_ROUTING_FILE",
        doc="routing.yaml; empty: in the config folder",
    )

    paths: Paths = field(default_factory=lambda: user_paths(process_environment()), metadata={"internal": True})
    environ: Mapping[str, str] = field(default_factory=dict, repr=False, metadata={"internal": True})
    origins: Mapping[str, str] = field(default_factory=dict, metadata={"internal": True})

    @property
    def routing_path(self) -> Path:
        return Path(self.routing_file).expanduser() if self.routing_file else self.paths.routing_file

    @property
    def config_path(self) -> Path:
        return Path(self.origins.get("config", str(self.paths.config_file)))


def setting_fields() -> tuple[dataclasses.Field[Any], ...]:
    """The settings a user can set, in order."""
    return tuple(item for item in dataclasses.fields(Settings) if not item.metadata.get("internal"))


def setting_for(key: str) -> dataclasses.Field[Any]:
    """The setting of a dotted key. Raises Usage with near keys."""
    for item in setting_fields():
        if item.metadata["key"] == key:
            return item
    from difflib import get_close_matches

    keys = [item.metadata["key"] for item in setting_fields()]
    near = get_close_matches(key, keys, n=3)
    raise Usage(
        f"there is no setting `{key}`",
        hints=[f"did you mean `{near[0]}`?" if near else "modelscan config show"],
        details={"known": keys},
    )


def load_settings(
    environ: Mapping[str, str], *, config_file: Path | None = None, flags: Mapping[str, Any] | None = None
) -> Settings:
    """Settings from all four places.

    `flags` are values of global options by field name. Raises ConfigInvalid that names the file or variable.
    """
    home = environ.get("MODELSCAN_HOME")
    paths = paths_below(Path(home).expanduser().absolute()) if home else user_paths(environ)
    named = config_file or (Path(environ["MODELSCAN_CONFIG"]) if environ.get("MODELSCAN_CONFIG") else None)
    path = (named or paths.config_file).expanduser()
    if named is not None and not path.exists():
        raise ConfigInvalid(f"the configuration file `{path}` does not exist", hints=[f"touch '{path}'"])
    content = read_config(path)
    values: dict[str, Any] = {}
    origins: dict[str, str] = {"config": str(path)}
    for item in setting_fields():
        value, origin = _choose(item, content, path, environ, flags or {})
        if origin != "default":
            values[item.name] = value
        origins[item.name] = origin
    _refuse_unknown(content, path)
    return Settings(**values, paths=paths, environ=dict(environ), origins=origins)


def read_config(path: Path) -> dict[str, Any]:
    """The TOML of a configuration file, `{}` where there is none. Raises ConfigInvalid."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> ConfigInvalid:
    return ConfigInvalid(
        f"the configuration file `{path}` cannot be read",
        cause=[str(error)],
        hints=[f"mend it: ${{EDITOR:-vi}} '{path}'"],
        details={"path": str(path)},
    )


def parse_setting(item: dataclasses.Field[Any], value: object, place: str) -> Any:
    """The typed value of a setting. Raises ConfigInvalid that names `place`."""
    try:
        return item.metadata["read"](value)
    except (ValueError, TypeError) as error:
        raise ConfigInvalid(
            f"`{item.metadata['key']}` {error}: `{value}`",
            cause=[f"set by {place}"],
            details={"place": place},
        ) from error


def _choose(
    item: dataclasses.Field[Any],
    content: Mapping[str, Any],
    path: Path,
    environ: Mapping[str, str],
    flags: Mapping[str, Any],
) -> tuple[Any, str]:
    if flags.get(item.name) is not None:
        return flags[item.name], "flag"
    variable = item.metadata["env"]
    if environ.get(variable):
        return parse_setting(item, environ[variable], f"the environment variable {variable}"), f"env {variable}"
    value: Any = content
    for part in item.metadata["key"].split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if value is not None:
        return parse_setting(item, value, f"`{path}`"), f"file {path}"
    return item.default, "default"


def _refuse_unknown(content: Mapping[str, Any], path: Path, prefix: str = "") -> None:
    known = {item.metadata["key"] for item in setting_fields()}
    for name, value in content.items():
        key = f"{prefix}{name}"
        if key in known:
            continue
        if isinstance(value, Mapping) and any(other.startswith(f"{key}.") for other in known):
            _refuse_unknown(value, path, f"{key}.")
            continue
        raise ConfigInvalid(
            f"`{path}` has an unknown setting `{key}`",
            hints=["modelscan config show", f"or take the line out: ${{EDITOR:-vi}} '{path}'"],
            details={"path": str(path), "key": key},
        )
