"""Answers of the gateway's own, as bytes: errors in OpenAI's shape, JSON, text. Pure."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from modelscan.dataclasses import dataclass

_TYPES = {401: "invalid_request_error", 403: "permission_error", 404: "invalid_request_error", 429: "rate_limit_error"}
_ANTHROPIC = {401: "authentication_error", 404: "not_found_error", 413: "request_too_large", 529: "overloaded_error"}
_OURS = 500  # from here on it is not the client's fault
REASONS = {int(status): status.phrase.encode() for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error that a client gets instead of an answer. `retry_after` is in seconds."""

    status: int
    message: str
    code: str
    param: str | None = None
    retry_after: int | None = None


def error_document(refusal: Refusal, *, anthropic: bool = False) -> dict[str, Any]:
    """OpenAI's shape; for Anthropic's routes a shape that clients of both read."""
    kind = _TYPES.get(refusal.status, "invalid_request_error" if refusal.status < _OURS else "api_error")
    if anthropic:
        kind = _ANTHROPIC.get(refusal.status, kind)
    error = {"message": refusal.message, "type": kind, "param": refusal.param, "code": refusal.code}
    return {"type": "error", "error": error} if anthropic else {"error": error}


def error_event(refusal: Refusal, *, anthropic: bool) -> bytes:
    """The same inside a stream of events that has begun."""
    data = json.dumps(error_document(refusal, anthropic=anthropic), ensure_ascii=False).encode()
    return (b"event: error\n" if anthropic else b"") + b"data: " + data + b"\n\n"


def json_body(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def head(status: int, headers: list[tuple[bytes, bytes]]) -> bytes:
    """A status line and headers, with the empty line after them."""
    lines = [b"HTTP/1.1 %d %b" % (status, REASONS.get(status, b""))]
    lines += [b"%b: %b" % header for header in headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def in_our_shape(status: int, body: bytes) -> bytes | None:
    """The error of a backend that lacks a route, in OpenAI's shape; None for a body that has it already."""
    try:
        found = json.loads(body)
    except ValueError:
        found = {}
    if isinstance(found, dict) and "error" in found:
        return None
    detail = found.get("detail") if isinstance(found, dict) else None
    said = f": {detail}" if isinstance(detail, str) else ""
    refusal = Refusal(status, f"the backend of this model does not serve this route{said}"[:1000], "not_supported")
    return json_body(error_document(refusal))
