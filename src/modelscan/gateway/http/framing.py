"""What the head of a request must be like. Pure.

The parser (llhttp, strict) already refuses both length headers at once, two lengths, names with blanks, folded lines,
bare line feeds and control characters. Here stands what it leaves to its users.
"""

from __future__ import annotations

import functools

from modelscan.gateway.http.answers import Refusal

MOST_HEADER_BYTES = 65_536
MOST_HEADERS = 200

# Of one hop, and never passed on (RFC 9110, 7.6.1), with what an upgrade to HTTP/2 brings.
HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"proxy-authorization", b"te"}
    | {b"trailer", b"transfer-encoding", b"upgrade", b"http2-settings"}
)
_METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})

Headers = list[tuple[bytes, bytes]]


def refused_head(  # noqa: PLR0911  a reason each
    method: bytes, target: bytes, version: str, headers: Headers
) -> Refusal | None:
    """Why a request is not taken; None for one that is. Names of headers are in lower case."""
    if method not in _METHODS:
        return Refusal(405, "this method is not supported", "method_not_allowed")
    if version not in {"1.1", "1.0"}:
        return Refusal(505, "only HTTP/1.1 and HTTP/1.0 are spoken here", "http_version_not_supported")
    if not target.startswith(b"/"):
        return Refusal(400, "the target of a request must begin with `/`", "bad_request")
    hosts = lengths = 0
    for name, value in headers:
        if name == b"host":
            hosts += 1
        elif name == b"content-length":
            lengths += 1
        elif name == b"transfer-encoding" and (value.lower() != b"chunked" or version == "1.0"):
            return Refusal(501, "the only transfer encoding is `chunked`, over HTTP/1.1", "not_implemented")
    if hosts > 1 or (hosts == 0 and version == "1.1"):
        return Refusal(400, "a request must have one host", "bad_request")
    if lengths > 1:
        return Refusal(400, "a request must have one length", "bad_request")
    return None


def passed_on(headers: Headers, dropped: frozenset[bytes]) -> Headers:
    """The headers without those of one hop, those that `connection` names, and `dropped`."""
    named: set[bytes] = set()
    for name, value in headers:
        if name == b"connection":
            named.update(word.strip().lower() for word in value.split(b","))
    out = HOP_BY_HOP | dropped | named if named else _both(dropped)
    return [item for item in headers if item[0] not in out]


@functools.cache
def _both(dropped: frozenset[bytes]) -> frozenset[bytes]:
    return HOP_BY_HOP | dropped
