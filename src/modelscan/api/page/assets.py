"""What the browser loads beside HTML: our modules, our stylesheet, and what is vendored (`static/VENDORED.toml`).

Addresses hold a hash of all of it, so that a browser keeps each file for good and never mixes two releases.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from modelscan.api.failures import refused
from modelscan.dataclasses import dataclass

STATIC = Path(__file__).with_name("static")
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOR_GOOD, _ASK_AGAIN = "public, max-age=31536000, immutable", "no-cache"

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class _Asset:
    content: bytes
    media_type: str
    etag: str


@functools.cache
def _assets() -> Mapping[str, _Asset]:
    return {
        path.relative_to(STATIC).as_posix(): _Asset(
            content, f"{_TYPES[path.suffix]}; charset=utf-8", f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        )
        for path in sorted(STATIC.rglob("*"))
        if path.suffix in _TYPES
        for content in [path.read_bytes()]
    }


@functools.cache
def _edition() -> str:
    """A hash of all of them: modules import each other by relative addresses."""
    known = "".join(f"{name} {asset.etag}\n" for name, asset in _assets().items())
    return hashlib.sha256(known.encode()).hexdigest()[:16]


def address(name: str) -> str:
    """Where the browser finds a file of `static/`. Raises KeyError for one that is not there."""
    _assets()[name]
    return f"/ui/static/{_edition()}/{name}"


@router.get("/ui/static/{edition}/{name:path}")
def asset(edition: str, name: str, request: Request) -> Response:
    """A page of another release that is still open gets what there is now, and asks again."""
    found = _assets().get(name)
    if found is None:
        raise refused(404, "there is no such file")
    headers = {
        "ETag": found.etag,
        "Cache-Control": _FOR_GOOD if edition == _edition() else _ASK_AGAIN,
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("if-none-match") == found.etag:
        return Response(status_code=304, headers=headers)
    return Response(found.content, media_type=found.media_type, headers=headers)
