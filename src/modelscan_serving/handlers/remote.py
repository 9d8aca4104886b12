"""Fetching an image from an address that a stranger gave, and from no private network.

A name is looked up once, every answer must be a public address, and the connection goes to that answer: looking it up
again could lead elsewhere. A redirection is a new address and is checked as one.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable
from urllib.parse import SplitResult, urljoin, urlsplit

IsPublic = Callable[[ipaddress.IPv4Address | ipaddress.IPv6Address], bool]

_SECONDS = 10.0
_MOST_REDIRECTIONS = 3
_MOVED = frozenset({301, 302, 303, 307, 308})
_OK = 200
_CHUNK = 64 * 1024


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """An IPv6 address that stands for an IPv4 one is as public as that."""
    inner = None
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    meant = inner or address
    return meant.is_global and not meant.is_multicast


class Unreachable(Exception):
    """Why, in words for whoever gave the address: never what an inner host answered."""


def fetch_image(address: str, most_bytes: int, public: IsPublic = is_public) -> tuple[str, bytes]:
    """Its media type and its bytes. Raises Unreachable."""
    for _ in range(_MOST_REDIRECTIONS + 1):
        parts = urlsplit(address)
        connection = _connected(parts, public)
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", target, headers={"accept": "image/*", "user-agent": "modelscan"})
            response = connection.getresponse()
            if response.status not in _MOVED:
                return _image(response, most_bytes)
            address = urljoin(address, response.getheader("location") or "")
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unreachable("the connection failed") from error
        finally:
            connection.close()
    raise Unreachable("it is redirected too often")


def public_address(host: str, port: int, public: IsPublic = is_public) -> str:
    """What a name leads to. Raises Unreachable where any answer is private, local, or not for everybody."""
    try:
        found = {item[4][0] for item in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise Unreachable("its name is not known") from error
    addresses = [ipaddress.ip_address(str(item).partition("%")[0]) for item in found]
    if not addresses or not all(public(item) for item in addresses):
        raise Unreachable("it is not a public address")
    return str(addresses[0])


def _connected(parts: SplitResult, public: IsPublic) -> http.client.HTTPConnection:
    try:
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Unreachable("its port is no number") from error
    if parts.scheme not in {"http", "https"} or not host or parts.username or parts.password:
        raise Unreachable("it is not an http address")
    port = port or (443 if parts.scheme == "https" else 80)
    address = public_address(host, port, public)
    connection = http.client.HTTPConnection(host, port, timeout=_SECONDS)
    try:
        plain = socket.create_connection((address, port), _SECONDS)
        connection.sock = (
            ssl.create_default_context().wrap_socket(plain, server_hostname=host) if parts.scheme == "https" else plain
        )
    except OSError as error:
        raise Unreachable("the connection failed") from error
    return connection


def _image(response: http.client.HTTPResponse, most_bytes: int) -> tuple[str, bytes]:
    kind = (response.getheader("content-type") or "").partition(";")[0].strip().lower()
    if response.status != _OK or not kind.startswith("image/"):
        raise Unreachable("there is no image")
    content = b""
    while chunk := response.read(_CHUNK):
        content += chunk
        if len(content) > most_bytes:
            raise Unreachable(f"it is larger than {most_bytes} bytes")
    return kind, content
