"""Documents that verbs return and `schema` describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelscan.dataclasses import dataclass
from modelscan.model import Route, Source, Status
from modelscan.model.words import UpWord


@dataclass(frozen=True, kw_only=True, slots=True)
class Added:
    """`path` is the file that was written, `models` are the ids in it; `changed` is False when it said the same."""

    models: tuple[str, ...]
    path: str
    changed: bool
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Routes:
    """The routes of the routing file, in its order."""

    file: str
    routes: tuple[Route, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightsHere:
    """Weights on this machine. `downloaded_at` is None for what modelscan did not bring here; `used_by` names the
    deployments that need them, running or not.
    """

    source: Source
    repo_id: str
    path: str
    commits: tuple[str, ...] = ()
    size_bytes: int = 0
    unfinished_bytes: int = 0
    downloaded_at: str | None = None
    used_by: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class UpAction:
    """What `up` does with one deployment. `difference` has a line for each option that is another one now.

    `gpu_indices` (none: the CPU), `memory_bytes` (of all of them together), `quantization` and `max_model_len` are as
    they will be, null where that is not known. `status`, `base_url` and `error` are those at the end; in a plan, those
    of now.
    """

    name: str
    action: UpWord
    cause: str
    difference: tuple[str, ...] = ()
    model: str | None = None
    quantization: str | None = None
    max_model_len: int | None = None
    gpu_indices: tuple[int, ...] = ()
    memory_bytes: int | None = None
    on_demand: bool = False
    status: Status | None = None
    base_url: str | None = None
    error: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Up:
    """`file` is null without one. `changed`: something is to be done, or was."""

    file: str | None
    actions: tuple[UpAction, ...]
    changed: bool
