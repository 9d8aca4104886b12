"""Fetching the catalogs anew."""

from __future__ import annotations

from modelscan.catalog.refresh import RefreshReport, refresh
from modelscan.operations.context import Context


def refresh_catalog(context: Context, source: str | None = None) -> RefreshReport:
    """Fetch, merge, replace the index in one step. Raises SourceUnavailable when nothing could be refreshed."""
    return refresh(context.settings, context.http(), context.clock, only=source)
