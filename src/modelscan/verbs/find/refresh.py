"""Fetching the catalogs again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from modelscan.catalog.index.index import open_base
from modelscan.catalog.refresh.difference import difference
from modelscan.catalog.refresh.refresh import RefreshReport, insecure_addresses, refresh
from modelscan.deployments.store import Store
from modelscan.selecting.context import Context

if TYPE_CHECKING:
    from modelscan.catalog.refresh.difference import Difference


def refresh_catalog(
    context: Context, source: str | None = None, on_progress: Callable[[str, str], None] | None = None
) -> RefreshReport:
    """Fetch, merge and replace the index atomically. Raises SourceUnavailable when no source could be refreshed."""
    return refresh(
        context.settings, context.http(), context.clock, only=source, keep=_in_use(context), progress=on_progress
    )


def _in_use(context: Context) -> frozenset[str]:
    """Ids of deployed models: they stay in the index even when sources drop them."""
    if not context.settings.paths.database_file.exists():
        return frozenset()
    with Store.for_reading(context.settings.paths, context.clock) as store:
        return frozenset(found.spec.catalog_id for found in store.list() if found.spec.catalog_id)


def catalog_difference(context: Context) -> Difference:
    """What the last refresh that changed anything changed: against the index before it, or the shipped one."""
    paths = context.settings.paths
    return difference(open_base(paths.previous_index_file), open_base(paths.index_file))


def insecure_sources(context: Context) -> list[str]:
    """Warnings about unencrypted addresses, whose content anybody on the network path can change."""
    return [
        f"`{address}` is not encrypted: anybody on the network path can change its content"
        for address in insecure_addresses(context.settings)
    ]
