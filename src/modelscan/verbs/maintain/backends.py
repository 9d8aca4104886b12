"""Installed backends: finding and removing one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from modelscan.environments.remove import remove
from modelscan.errors import Conflict, Usage
from modelscan.model import Installation
from modelscan.selecting.context import Context
from modelscan.selecting.installations import choose, folders_without_backend, installations, not_installed


def find_installation(context: Context, backend: str, version: str | None, variant: str | None = None) -> Installation:
    """The installation that a deployment would use. Raises BackendNotInstalled."""
    here = installations(context)
    found = choose(_of(here, variant), backend, version, device=None)
    if found is None:
        raise not_installed(backend, version, variant=variant, idle=folders_without_backend(context, here))
    return found


def _of(found: Sequence[Installation], variant: str | None) -> list[Installation]:
    return [item for item in found if variant is None or item.variant == variant]


def remove_backend(
    context: Context,
    backend: str,
    version: str | None,
    *,
    variant: str | None = None,
    ask: Callable[[str], bool | None],
) -> Installation:
    """Remove an environment that modelscan installed and no running deployment uses."""
    ours = [item for item in installations(context) if item.managed]
    found = choose(_of(ours, variant), backend, version, device=None)
    if found is None:
        foreign = choose(_of(installations(context), variant), backend, version, device=None)
        if foreign is not None:
            raise Usage(
                f"`{foreign.path}` was not installed by modelscan",
                cause=["modelscan removes only what it installed"],
                hints=["modelscan backend list"],
            )
        raise not_installed(backend, version, variant=variant)
    users = [item.name for item in context.deployments.list() if item.program == found.program]
    live = [item.name for item in context.deployments.list(live_only=True) if item.program == found.program]
    if live:
        raise Conflict(
            f"`{found.backend} {found.version}` is in use",
            cause=[f"by {', '.join(live)}"],
            hints=[f"modelscan stop {' '.join(live)}"],
            details={"deployments": live},
        )
    note = f" The stopped deployments {', '.join(users)} need it to start again." if users else ""
    if ask(f"Remove {found.path}?{note}") is not True:
        raise Usage("nothing was removed: this needs confirmation", hints=[f"modelscan backend remove {backend} --yes"])
    remove(found, context.settings)
    return found
