"""Hashes of files, and names made of hashes. OpenSSL is loaded with the first of them: a plan needs none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from hashlib import _Hash


def hashing(kind: Literal["sha1", "sha256"], begun: bytes = b"") -> _Hash:
    """A hash that has read the bytes `begun`. Nothing of it is for security."""
    import hashlib

    return hashlib.new(kind, begun, usedforsecurity=False)


def hashed(text: str, kind: Literal["sha1", "sha256"]) -> str:
    """Of a text, in hexadecimal digits."""
    return hashing(kind, text.encode()).hexdigest()
