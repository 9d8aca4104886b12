"""What is known about each source of an index."""

from __future__ import annotations

from modelscan.dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class SkippedCount:
    reason: str
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceState:
    """`origin` is where the data is from (a package and version, or an address), `date` of what day it is.

    `fetched_at` is when we got it, `digest` the checksum of what we got; `error` is why the last attempt failed,
    while the older data still serves.
    """

    name: str
    origin: str
    records: int
    date: str | None = None
    license: str | None = None
    skipped: tuple[SkippedCount, ...] = ()
    fetched_at: str | None = None
    digest: str | None = None
    error: str | None = None
