"""Documents that verbs return and `schema` describes."""

from __future__ import annotations

from modelscan.dataclasses import dataclass
from modelscan.model import Route, Source


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
