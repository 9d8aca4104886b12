"""The options of `deploy` as the words of an address: the keys of the declarative file, as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import QueryParams

from modelscan.dataclasses import dataclass, field, field_names
from modelscan.errors import Usage
from modelscan.model import PlanRequest
from modelscan.selecting.declared.keys import KEYS
from modelscan.selecting.requests import DeployRequest

_PLANNED = frozenset(field_names(PlanRequest))
_YES = frozenset({"true", "yes", "on", "1"})


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedOptions:
    """`request` is what was asked for, `body` the same for the API, `mistakes` what cannot be read, by key."""

    request: DeployRequest
    body: Mapping[str, Any] = field(default_factory=dict)
    mistakes: Mapping[str, str] = field(default_factory=dict)


def asked_in(query: QueryParams) -> AskedOptions:
    """Options that are left empty are not given; other words are left alone."""
    body = {key: _plain(key, texts) for key in KEYS if (texts := [text for text in query.getlist(key) if text.strip()])}
    values: dict[str, Any] = {}
    mistakes: dict[str, str] = {}
    for key, value in body.items():
        try:
            values[KEYS[key].field or key] = KEYS[key].value.read(value)
        except Usage as error:
            mistakes[key] = error.message
        except (TypeError, ValueError) as error:
            mistakes[key] = str(error)
    if name := query.get("name", "").strip():
        body = {**body, "name": name}
    gpus, none = values.pop("gpu", ((), False))
    plan = PlanRequest(
        model=str(values.pop("model", "")),
        gpus=gpus,
        no_gpu=none,
        **{key: value for key, value in values.items() if key in _PLANNED},
    )
    own = {key: value for key, value in values.items() if key not in _PLANNED}
    return AskedOptions(request=DeployRequest(plan=plan, name=name or None, **own), body=body, mistakes=mistakes)


def _plain(key: str, texts: list[str]) -> Any:
    """As it would stand in a file; what is no number stays text, which its key then refuses."""
    kind = KEYS[key].value.schema.get("type")
    if isinstance(kind, list) and "array" in kind:
        parts = [part.strip() for text in texts for part in (text.split(",") if key == "gpu" else [text])]
        return "none" if key == "gpu" and parts == ["none"] else parts
    text = texts[-1].strip()
    match kind:
        case "object":
            return dict(item.partition("=")[::2] for item in texts)
        case "boolean":
            return text.lower() in _YES
        case "integer":
            return int(text) if text.isdecimal() else text
        case "number":
            return _number(text)
    return text


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
