"""A candidate that is not taken."""

from __future__ import annotations

from modelscan import dataclasses
from modelscan.model import Candidate, Rejection

_FIELDS = dataclasses.field_names(Candidate)


def reject(
    base: Candidate, code: str, reason: str, *, needed: int | None = None, available: int | None = None
) -> Rejection:
    """The candidate as a rejection, with the figures that were computed so far."""
    values = {name: getattr(base, name) for name in _FIELDS}
    return Rejection(**values, code=code, reason=reason, needed_bytes=needed, available_bytes=available)
