"""What a stream can take."""

from __future__ import annotations

from typing import TextIO


def writes_unicode(stream: TextIO) -> bool:
    """Whether more than ASCII can be written."""
    return (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "") in {"utf8", "utf8sig"}
