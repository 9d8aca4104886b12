"""What to plan or to deploy: the keys of an entry of `up`, which are the options of `deploy` with underscores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, create_model

from modelscan import dataclasses
from modelscan.api.bodies.words import (
    WHOLE,
    Argument,
    Body,
    Count,
    Hardware,
    Line,
    Port,
    Reference,
    Seconds,
    Share,
    Size,
    Span,
    Tokens,
    Variable,
)
from modelscan.deployments.naming import NAME_PATTERN
from modelscan.errors import Conflict
from modelscan.selecting.adapters.words import ADAPTER_PATTERN
from modelscan.selecting.declared.file import request_of
from modelscan.selecting.declared.keys import KEYS
from modelscan.selecting.declared.values import (
    ADAPTERS,
    ARGUMENTS,
    COUNT,
    FLAG,
    GPUS,
    IDLE,
    PORT,
    SECONDS,
    SHARE,
    SIZE,
    TEXT,
    TOKENS,
    VARIABLES,
)
from modelscan.selecting.requests import LOOPBACK, DeployRequest
from modelscan.selecting.words import DTYPE_PATTERN, KV_CACHE_DTYPE_PATTERN, VERSION_PATTERN

Name = Annotated[str, Field(pattern=f"^{NAME_PATTERN}$")]
_Gpu = Annotated[int, Field(ge=0, le=1_023), WHOLE] | Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9-]+$")]
# By the kind of a value; a closed list is its own words.
_TYPES: Mapping[int, Any] = {
    id(TEXT): Line,
    id(FLAG): bool,
    id(COUNT): Count,
    id(PORT): Port,
    id(SHARE): Share,
    id(SECONDS): Seconds,
    id(SIZE): Size,
    id(TOKENS): Tokens,
    id(IDLE): Span,
    id(ADAPTERS): Annotated[
        dict[Annotated[str, Field(pattern=f"^{ADAPTER_PATTERN}$")], Reference],
        Field(max_length=100, json_schema_extra={"additionalProperties": False}),
    ],
    id(ARGUMENTS): Annotated[list[Argument], Field(max_length=100)],
    id(GPUS): Literal["none"] | Annotated[list[_Gpu], Field(min_length=1, max_length=64)],
    id(VARIABLES): Annotated[
        dict[Variable, Annotated[str, Field(max_length=2_000)]],
        Field(max_length=100, json_schema_extra={"additionalProperties": False}),
    ],
}
# Texts of which only some can mean anything.
_CLOSER: Mapping[str, Any] = {
    "model": Reference,
    "host": Literal[LOOPBACK],
    "dtype": Annotated[str, Field(pattern=f"^({DTYPE_PATTERN})$")],
    "kv_cache_dtype": Annotated[str, Field(pattern=f"^({KV_CACHE_DTYPE_PATTERN})$")],
    "backend_version": Annotated[str, Field(max_length=100, pattern=f"^({VERSION_PATTERN})$")],
    "api_key_env": Variable,
}


def _kind(name: str) -> Any:
    value = KEYS[name].value
    return _CLOSER.get(name) or _TYPES.get(id(value)) or Literal[tuple(value.schema["enum"])]


_FIELDS: dict[str, Any] = {
    name: (_kind(name), Field(description=key.doc))
    if name == "model"
    else (_kind(name) | None, Field(default=None, description=key.doc))
    for name, key in KEYS.items()
}
_Options: Any = create_model("_Options", __base__=Body, **_FIELDS)


class DeployBody(_Options):  # type: ignore[misc]  # made of the keys
    """What to deploy. A plan is made first; `dry_run` is the plan alone, `yes` answers every question."""

    name: Annotated[Name | None, Field(description="Name of the deployment.")] = None
    alias: Annotated[list[Line], Field(max_length=20, description="Other names for it at the gateway.")] = Field(
        default_factory=list
    )
    replace: Annotated[bool, Field(description="Replace an existing deployment of the same name.")] = False
    dry_run: bool = False
    yes: bool = False

    @property
    def request(self) -> DeployRequest:
        """Raises Usage, Conflict."""
        return dataclasses.replace(_request(self, self.name), aliases=tuple(self.alias), replace=self.replace)


class PlanBody(_Options):  # type: ignore[misc]  # as above
    """What to plan, for this machine or the one that `hardware` describes."""

    hardware: Hardware | None = None
    alternatives: Annotated[int, Field(ge=0, le=100), WHOLE] = 3

    @property
    def request(self) -> DeployRequest:
        """Raises Usage, Conflict."""
        return _request(self, None)


def _request(body: Body, name: str | None) -> DeployRequest:
    given = body.model_dump(include=set(KEYS), exclude_none=True)
    if given.get("gpu") == "none" and "gpus" in given:
        raise Conflict("`gpu: none` and `gpus` exclude each other", hints=["leave out one of them"])
    values = {KEYS[key].field or key: KEYS[key].value.read(value) for key, value in given.items()}
    return request_of(name, values, Path("/"))
