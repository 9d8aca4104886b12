"""What goes to the endpoint: the head for it, and the body in its framing. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.gateway.http.framing import Headers, passed_on
from modelscan.gateway.http.request import Request, RequestHead
from modelscan.gateway.upstream.address import Address
from modelscan.routing.compiled import TableMember

# The client's own keys, the account that they belong to, and what is written anew. A cookie is for the page.
_CLIENTS = frozenset(
    {b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key", b"cookie"}
    | {b"openai-organization", b"openai-project"}
)
_WRITTEN = frozenset({b"host", b"content-length", b"expect", b"x-request-id"})
_TO_MODEL = _CLIENTS | _WRITTEN
_VERSION = b"/v1"
_TO_API = _WRITTEN - {b"host"}


def head_for_model(
    request: Request, member: TableMember, address: Address, *, length: int | None, environ: Mapping[str, str]
) -> bytes:
    """The head for a member's endpoint; chunked where the `length` of the body is not known."""
    made_for, known, lines = request.head.outward
    if made_for is not member or known is not environ:
        lines = _lines_for_model(request.head, member, address, environ)
        request.head.outward = (member, environ, lines)
    return _framed(lines, request, length)


def _lines_for_model(head: RequestHead, member: TableMember, address: Address, environ: Mapping[str, str]) -> bytes:
    assert head.route is not None  # noqa: S101  only routed requests come here
    prefix, path = address.prefix, head.route.upstream
    if member.kind == "upstream":
        if path.startswith(_VERSION):
            path = path.removeprefix(_VERSION)
        else:
            prefix = prefix.removesuffix(_VERSION)  # what vLLM serves beside its `/v1`
    own = _own(member, address, environ, anthropic=head.route.anthropic)
    return _lines(head, prefix + path, own, passed_on(head.headers, _TO_MODEL))


def head_for_probe(member: TableMember, address: Address, *, environ: Mapping[str, str]) -> bytes:
    """The head of a question of our own: which models an upstream has."""
    own = [*_own(member, address, environ), (b"accept", b"application/json"), (b"user-agent", b"modelscan")]
    lines = [b"GET %b/models HTTP/1.1" % address.prefix, *(name + b": " + value for name, value in own)]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def key_for(member: TableMember, environ: Mapping[str, str]) -> str:
    """Empty where there is none, or none that a header can hold: what follows a line break would be a header too."""
    key = environ.get(member.api_key_env, "").strip() if member.api_key_env else ""
    return key if key.isascii() and key.isprintable() else ""


def _own(member: TableMember, address: Address, environ: Mapping[str, str], *, anthropic: bool = False) -> Headers:
    own: Headers = [(b"host", address.authority)]
    if address.proxy_key is not None and address.proxy is None:
        own.append((b"proxy-authorization", address.proxy_key))
    key = key_for(member, environ).encode()
    if key:
        own.append((b"authorization", b"Bearer " + key))
        if anthropic:
            own.append((b"x-api-key", key))
    return own


def head_for_api(request: Request, *, length: int | None) -> bytes:
    """The head for the HTTP API, which checks keys by itself: the client's headers are its own."""
    head = request.head
    return _framed(_lines(head, head.path, [], passed_on(head.headers, _TO_API)), request, length)


def _lines(head: RequestHead, path: bytes, own: Headers, passed: Headers) -> bytes:
    lines = [b"%b %b%b HTTP/1.1" % (head.method, path, head.query)]
    lines += [name + b": " + value for name, value in (*own, *passed)]
    return b"\r\n".join(lines)


def _framed(lines: bytes, request: Request, length: int | None) -> bytes:
    if length is None:
        return b"%b\r\nx-request-id: %b\r\ntransfer-encoding: chunked\r\n\r\n" % (lines, request.id)
    return b"%b\r\nx-request-id: %b\r\ncontent-length: %d\r\n\r\n" % (lines, request.id, length)


def chunk(data: bytes | bytearray) -> bytes:
    """Empty data makes the last one."""
    return b"%x\r\n" % len(data) + data + b"\r\n"
