"""The lines of a backend's log."""

from __future__ import annotations

from collections.abc import Iterator

from modelscan.selecting.context import Context
from modelscan.selecting.moments import moment_of
from modelscan.storage.logs.reading import LogLine


def log_lines(
    context: Context, reference: str, *, follow: bool = False, tail: int | None = None, since: str | None = None
) -> Iterator[LogLine]:
    """Lines oldest first, each with its time; with `follow` until the deployment is over. Raises Usage for `since`."""
    moment = moment_of(since, context.clock.now()) if since is not None else None
    return context.deployments.logs(reference, follow=follow, tail=tail, since=moment)
