"""The declarative file, read: every mistake in it at once, each with its line and column."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from modelscan.dataclasses import dataclass, field, field_names
from modelscan.deployments.naming import deployment_name
from modelscan.errors import ConfigInvalid, Usage
from modelscan.model import PlanRequest
from modelscan.parsing import toml_text, yaml_text
from modelscan.parsing.located import Located, Unreadable
from modelscan.selecting.adapters.words import adapter_place
from modelscan.selecting.declared.keys import GATEWAY_KEYS, KEYS, NOT_HERE, Key
from modelscan.selecting.requests import DeployRequest

FILE_NAMES = ("modelscan.yaml", "modelscan.yml", "modelscan.toml")
_LARGEST = 1 << 20
_PLANNED = frozenset(field_names(PlanRequest))
_SCHEMA = "modelscan schema modelscan-file"


@dataclass(frozen=True, kw_only=True, slots=True)
class GatewaySection:
    port: int | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    fallbacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """`path` is None where no file says it; each request has its name."""

    path: Path | None
    requests: tuple[DeployRequest, ...]
    gateway: GatewaySection | None = None


class _Mistake(NamedTuple):
    path: tuple[str | int, ...]
    text: str
    hint: str | None = None


def file_in(folder: Path) -> Path | None:
    """The declarative file of a folder."""
    return next((path for name in FILE_NAMES if (path := folder / name).is_file()), None)


def read_declared(path: Path) -> Declared:
    """Raises Usage for a file that cannot be read, ConfigInvalid with each mistake for one that is not right."""
    located = _located(path)
    mistakes: list[_Mistake] = []
    whole = located.value if located.value is not None else {}
    if not isinstance(whole, Mapping):
        mistakes.append(_Mistake((), "the file must be a mapping with `deployments`"))
        whole = {}
    known = ("deployments", "gateway")
    mistakes += [
        _unknown((key,), key, known, "the file") for key in whole if key not in known and not str(key).startswith("x-")
    ]
    requests = _requests(whole.get("deployments"), path.parent.absolute(), mistakes)
    gateway = _gateway(whole.get("gateway"), requests, mistakes) if "gateway" in whole else None
    if mistakes:
        raise _invalid(path, located, mistakes)
    return Declared(path=path, requests=tuple(requests), gateway=gateway)


def _located(path: Path) -> Located:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)  # a device has no size, and may have no end
    except OSError as error:
        raise Usage(f"`{path}` cannot be read", cause=[error.strerror or str(error)]) from error
    if len(content) > _LARGEST:
        raise Usage(f"`{path}` is too large for a file of deployments")
    try:
        return toml_text.load_located(content) if path.suffix == ".toml" else yaml_text.load_located(content)
    except Unreadable as error:
        kind = "TOML" if path.suffix == ".toml" else "YAML"
        place = f", {error.place}" if error.place else ""
        raise ConfigInvalid(
            f"`{path}`{place}: not {kind}: {error.reason}", details=_details(path, located=None, mistakes=())
        ) from error


def _requests(value: Any, folder: Path, mistakes: list[_Mistake]) -> list[DeployRequest]:
    if value is None:
        return []
    if not isinstance(value, Mapping):
        mistakes.append(_Mistake(("deployments",), "`deployments` must be a mapping of names to deployments"))
        return []
    found = []
    for name, entry in value.items():
        before = len(mistakes)
        path = ("deployments", str(name))
        try:
            deployment_name(str(name), "")
        except Usage as error:
            mistakes.append(_Mistake(path, error.message, error.cause[0]))
        if not isinstance(entry, Mapping):
            mistakes.append(_Mistake(path, f"`{name}` must be a mapping, like `{{model: qwen/qwen3-8b}}`"))
            continue
        values = _values(entry, path, KEYS, f"the deployment `{name}`", mistakes)
        if "model" not in entry:
            mistakes.append(_Mistake(path, f"`{name}` has no `model`"))
        if values.get("gpu", ((), False))[1] and "gpu_count" in values:
            mistakes.append(_Mistake((*path, "gpus"), "`gpu: none` and `gpus` exclude each other"))
        if len(mistakes) == before:
            found.append(request_of(str(name), values, folder))
    _refuse_shared_ports(found, mistakes)
    return found


def _values(
    entry: Mapping[Any, Any], path: tuple[str, ...], keys: Mapping[str, Key], where: str, mistakes: list[_Mistake]
) -> dict[str, Any]:
    """The values of known keys, by the field of a request that they are; a key without a value is left out."""
    values: dict[str, Any] = {}
    for key, value in entry.items():
        place = (*path, str(key))
        if key not in keys:
            mistakes.append(_unknown(place, key, tuple(keys), where))
        elif value is not None:
            try:
                values[keys[key].field or key] = keys[key].value.read(value)
            except Usage as error:
                hint = next(iter(error.hints), None)
                mistakes.append(_Mistake(place, f"`{key}`: {error.message}", hint))
            except (TypeError, ValueError) as error:
                mistakes.append(_Mistake(place, f"`{key}` {error}"))
    return values


def _unknown(path: tuple[str, ...], key: Any, known: tuple[str, ...], where: str) -> _Mistake:
    if key in NOT_HERE and "model" in known:
        return _Mistake(path, f"`{key}` is not a key of {where}", NOT_HERE[key])
    near = get_close_matches(str(key).replace("-", "_"), known, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"keys: {', '.join(known)}"
    return _Mistake(path, f"`{key}` is not a key of {where}", hint)


def request_of(name: str | None, values: dict[str, Any], folder: Path) -> DeployRequest:
    """Of the values of an entry, by the fields of a request; a relative folder is one below `folder`."""
    gpus, none = values.pop("gpu", ((), False))
    model = str(values.pop("model"))
    if model.startswith(("./", "../", "~")) or model in {".", ".."} or values.get("source") == "local_path":
        model = str((folder / Path(model).expanduser()).resolve())
    if values.get("enforce_eager") is False:
        del values["enforce_eager"]  # as without the option: the choice is ours
    if "adapters" in values:
        values["adapters"] = {name: adapter_place(place, folder) for name, place in values["adapters"].items()}
    planned = {key: value for key, value in values.items() if key in _PLANNED}
    own = {key: value for key, value in values.items() if key not in _PLANNED}
    return DeployRequest(plan=PlanRequest(model=model, gpus=gpus, no_gpu=none, **planned), name=name, **own)


def _refuse_shared_ports(found: list[DeployRequest], mistakes: list[_Mistake]) -> None:
    owners: dict[int, str] = {}
    for request in found:
        if request.port is None:
            continue
        owner = owners.setdefault(request.port, str(request.name))
        if owner != request.name:
            path = ("deployments", str(request.name), "port")
            mistakes.append(_Mistake(path, f"port {request.port} is that of `{owner}` already"))


def _gateway(value: Any, requests: list[DeployRequest], mistakes: list[_Mistake]) -> GatewaySection | None:
    if value is None:
        return GatewaySection()
    if not isinstance(value, Mapping):
        mistakes.append(_Mistake(("gateway",), "`gateway` must be a mapping"))
        return None
    values = _values(value, ("gateway",), GATEWAY_KEYS, "the gateway", mistakes)
    names = {request.name for request in requests}
    mistakes += [
        _Mistake(("gateway", "aliases", alias), f"the alias `{alias}` is the name of a deployment")
        for alias in values.get("aliases", ())
        if alias in names
    ]
    return GatewaySection(**values)


def _invalid(path: Path, located: Located, mistakes: list[_Mistake]) -> ConfigInvalid:
    mistakes = sorted(mistakes, key=lambda mistake: located.place(mistake.path))
    first = mistakes[0]
    if len(mistakes) == 1:
        message, cause = f"`{path}`, {located.place(first.path)}: {first.text}", []
    else:
        message = f"`{path}` has {len(mistakes)} mistakes"
        cause = [f"{located.place(item.path)}: {item.text}" for item in mistakes]
    hints = [item.hint for item in mistakes if item.hint]
    return ConfigInvalid(
        message,
        cause=cause,
        hints=[*dict.fromkeys(hints), _SCHEMA],
        details=_details(path, located, mistakes),
    )


def _details(path: Path, located: Located | None, mistakes: Any) -> dict[str, Any]:
    listed = []
    for item in mistakes:
        place = located.place(item.path) if located is not None else None
        listed.append({"line": place and place.line, "column": place and place.column, "message": item.text})
    return {"path": str(path), "mistakes": listed}
