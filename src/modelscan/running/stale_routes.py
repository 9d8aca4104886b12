"""Remove routes that lead to nothing, for commands that only look."""

from __future__ import annotations

import contextlib
from collections.abc import Collection

from modelscan.errors import ModelscanError
from modelscan.routing.marked import marked_names
from modelscan.selecting.context import Context


def drop_stale_routes(context: Context, ready: Collection[str], *, among: Collection[str] | None = None) -> None:
    """Remove our routes that lead to nothing, for callers that have just looked and saw what is `ready`.

    A supervisor that was killed, or a reboot, leaves a route that nobody removes. `among` are the names that were
    looked at; None for all. A file that cannot be written is reported by the commands that have to write it.
    """
    stale = marked_names(context.settings.routing_path) - set(ready)
    if stale if among is None else stale & set(among):
        from modelscan.running.routes import update_routes  # `list` and `status` do without YAML as long as all is well

        with contextlib.suppress(ModelscanError):
            update_routes(context)
