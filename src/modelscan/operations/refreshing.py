"""Fetching the catalogs anew."""

from __future__ import annotations

from modelscan.catalog.refresh import RefreshReport, insecure_addresses, refresh
from modelscan.operations.context import Context


def refresh_catalog(context: Context, source: str | None = None) -> RefreshReport:
    """Fetch, merge, replace the index in one step. Raises SourceUnavailable when nothing could be refreshed."""
    return refresh(context.settings, context.http(), context.clock, only=source)


def insecure_sources(context: Context) -> list[str]:
    """Addresses that anybody on the way could change."""
    return [
        f"`{address}` is not encrypted: whoever is on the way can change what it says"
        for address in insecure_addresses(context.settings)
    ]
