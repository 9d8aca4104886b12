"""routing.yaml on disk: read, edited under a lock, replaced atomically, with a backup of the last version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from modelscan.errors import ConfigInvalid
from modelscan.model import Route
from modelscan.routing.nodes import RoutingDamaged
from modelscan.routing.text import NotEditable, block, edit_text, read_entries
from modelscan.storage.files import translated, write_atomic
from modelscan.storage.locks import hold
from modelscan.system.clock import Clock


def read_routes(path: Path) -> tuple[Route, ...]:
    """The routes of the file in its order, the user's and ours; none where there is no file. Raises ConfigInvalid."""
    try:
        return tuple(entry.route for entry in read_entries(_read(path)) if entry.route is not None)
    except RoutingDamaged as damaged:
        raise _damaged(path, damaged) from damaged


def write_routes(
    path: Path, routes: Sequence[Route] | Callable[[], Sequence[Route]], *, clock: Clock | None = None
) -> tuple[Route, ...]:
    """Make our entries those of `routes`; returns those left out because the user has an entry of the same name.

    A function is called under the lock, so that the later of two writers knows the later state. Raises ConfigInvalid
    for a file that is damaged or cannot be edited safely (it stays as it is), StorageFailed, Conflict (lock).
    """
    path = path.resolve()
    if not callable(routes) and _edited(path, _read(path), routes) is None:
        return _shadowed(path, routes)
    with hold(path.with_name(f".{path.name}.lock"), note="routes", clock=clock):
        wanted = routes() if callable(routes) else routes
        before = _read(path)
        after = _edited(path, before, wanted)
        if after is not None:
            mode = 0o600
            if path.exists():
                mode = path.stat().st_mode & 0o777
                write_atomic(path.with_name(f"{path.name}.bak"), before.encode(), mode=mode)
            write_atomic(path, after.encode(), mode=mode)
        return _shadowed(path, wanted)


def _edited(path: Path, before: str, routes: Sequence[Route]) -> str | None:
    """The new text; None when nothing changes."""
    try:
        after = edit_text(before, routes)
    except RoutingDamaged as damaged:
        raise _damaged(path, damaged) from damaged
    except NotEditable as reason:
        raise ConfigInvalid(
            f"`{path}` cannot be edited safely",
            cause=[str(reason)],
            hints=["add these lines by hand below `routing.direct.providers`:", *block(routes).splitlines()],
            details={"path": str(path)},
        ) from reason
    return None if after == before else after


def _shadowed(path: Path, routes: Sequence[Route]) -> tuple[Route, ...]:
    users = {route.name for route in read_routes(path) if not route.managed}
    return tuple(route for route in routes if route.name in users)


def _read(path: Path) -> str:
    with translated(path, verb="read"):
        try:
            return path.read_bytes().decode()
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError as error:
            raise _damaged(path, error) from error


def _damaged(path: Path, reason: Exception) -> ConfigInvalid:
    return ConfigInvalid(
        f"the routing file `{path}` is damaged",
        cause=[str(reason), "it was not changed"],
        hints=[f"fix it: ${{EDITOR:-vi}} '{path}'", f"the last version is kept: '{path}.bak'"],
        details={"path": str(path)},
    )
