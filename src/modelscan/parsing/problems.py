"""Why a document, or one entry of it, is rejected."""

from __future__ import annotations

from typing import NamedTuple


class NotThisFormat(ValueError):
    """A payload is not what its source writes; the message says what was found instead."""


class Skipped(NamedTuple):
    """An entry that could not be used: which, and why."""

    key: str
    reason: str
