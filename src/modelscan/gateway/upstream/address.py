"""Where an endpoint is, and by which way it is reached. Pure."""

from __future__ import annotations

import ipaddress
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import SplitResult, unquote, urlsplit

from modelscan.dataclasses import dataclass
from modelscan.parsing.addresses import is_loopback


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """`prefix` stands before the path of a request. `proxy` is the host and port of a proxy that makes a tunnel, and
    `proxy_key` its credentials; a proxy that is handed requests without TLS is itself the `host`.
    """

    host: str
    port: int
    tls: bool = False
    socket: str | None = None
    prefix: bytes = b""
    authority: bytes = b""
    proxy: tuple[str, int] | None = None
    proxy_key: bytes | None = None


def address_of(base_url: str, *, socket: str | None = None, environ: Mapping[str, str]) -> Address:
    """Raises ValueError for an address that is not HTTP, and for a proxy that is not."""
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"`{base_url}` is not an address of HTTP")
    tls = parts.scheme == "https"
    port = parts.port or (443 if tls else 80)
    proxy = None if socket else _proxy(parts.hostname, tls=tls, environ=environ)
    key = None if proxy is None or not proxy.username else _credentials(proxy.username, proxy.password or "")
    authority, path = parts.netloc.rpartition("@")[2].encode(), parts.path.rstrip("/").encode()
    if proxy is not None and not tls:
        return Address(
            host=proxy.hostname or "",
            port=proxy.port or 80,
            prefix=b"http://" + authority + path,
            authority=authority,
            proxy_key=key,
        )
    return Address(
        host=parts.hostname,
        port=port,
        tls=tls,
        socket=socket,
        prefix=path,
        authority=authority,
        proxy=None if proxy is None else (proxy.hostname or "", proxy.port or 80),
        proxy_key=key,
    )


def _proxy(host: str, *, tls: bool, environ: Mapping[str, str]) -> SplitResult | None:
    name = "https_proxy" if tls else "http_proxy"
    named = environ.get(name) or environ.get(name.upper()) or environ.get("all_proxy") or environ.get("ALL_PROXY")
    if not named or is_loopback(host) or _is_excepted(host, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return None
    found = urlsplit(named if "://" in named else f"http://{named}")
    if found.scheme != "http" or not found.hostname:
        raise ValueError(f"only HTTP proxies are supported, and that for `{host}` is one of `{found.scheme}`")
    return found


def _is_excepted(host: str, listed: str) -> bool:
    host = host.lower()
    for item in (part.strip().lstrip("*").lstrip(".").lower() for part in listed.split(",") if part.strip()):
        if not item or host == item or host.endswith(f".{item}") or _is_within(host, item):
            return True
    return False


def _is_within(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _credentials(user: str, password: str) -> bytes:
    return b"Basic " + b64encode(f"{unquote(user)}:{unquote(password)}".encode())
