"""The lines of a backend's log, or of one of modelscan's own services."""

from __future__ import annotations

from collections.abc import Iterator

from modelscan.selecting.context import Context
from modelscan.selecting.moments import moment_of
from modelscan.services.logs import service_log
from modelscan.services.service import SERVICES
from modelscan.storage.logs.reading import LogLine


def log_lines(
    context: Context, reference: str, *, follow: bool = False, tail: int | None = None, since: str | None = None
) -> Iterator[LogLine]:
    """Lines oldest first, each with its time; with `follow` until the deployment is over. Raises Usage for `since`.

    `gateway` and `api` are the services, unless a deployment has that name.
    """
    moment = moment_of(since, context.clock.now()) if since is not None else None
    service = SERVICES.get(reference)
    if service is not None and context.deployments.named(reference) is None:
        paths = context.settings.paths
        return service_log(paths, service, context.clock, follow=follow, tail=tail, since=moment)
    return context.deployments.logs(reference, follow=follow, tail=tail, since=moment)
