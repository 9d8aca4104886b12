"""What goes to the endpoint: the head for it, and the body in its framing. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.gateway.http.framing import Headers, passed_on
from modelscan.gateway.http.request import Request
from modelscan.gateway.upstream.address import Address
from modelscan.routing.compiled import TableMember

# The client's own keys, and what is written anew. A cookie is for the page, not for a model.
_CLIENTS = frozenset({b"authorization", b"x-api-key", b"api-key", b"cookie"})
_WRITTEN = frozenset({b"host", b"content-length", b"expect", b"x-request-id"})
_TO_MODEL = _CLIENTS | _WRITTEN
_TO_API = _WRITTEN - {b"host"}


def head_for_model(
    request: Request, member: TableMember, address: Address, *, length: int | None, environ: Mapping[str, str]
) -> bytes:
    """The head for a member's endpoint; chunked where the `length` of the body is not known."""
    assert request.route is not None  # noqa: S101  only routed requests come here
    path = request.route.upstream
    if member.kind == "upstream":
        path = path.removeprefix(b"/v1")
    own: Headers = [(b"host", address.authority)]
    key = environ.get(member.api_key_env, "") if member.api_key_env else ""
    if key:
        own.append((b"authorization", b"Bearer " + key.encode()))
        if request.route.anthropic:
            own.append((b"x-api-key", key.encode()))
    return _head(request, address.prefix + path, own, passed_on(request.headers, _TO_MODEL), length)


def head_for_api(request: Request, *, length: int | None) -> bytes:
    """The head for the HTTP API, which checks keys by itself: the client's headers are its own."""
    return _head(request, request.path, [], passed_on(request.headers, _TO_API), length)


def _head(request: Request, path: bytes, own: Headers, passed: Headers, length: int | None) -> bytes:
    lines = [b"%b %b%b HTTP/1.1" % (request.method, path, request.query)]
    lines += [name + b": " + value for name, value in (*own, *passed)]
    lines.append(b"x-request-id: " + request.id)
    if length is not None:
        lines.append(b"content-length: %d" % length)
    else:
        lines.append(b"transfer-encoding: chunked")
    return b"\r\n".join(lines) + b"\r\n\r\n"


def chunk(data: bytes | bytearray) -> bytes:
    """Empty data makes the last one."""
    return b"%x\r\n" % len(data) + data + b"\r\n"
