"""Where an endpoint is, and by which way it is reached. Pure."""

from __future__ import annotations

import ipaddress
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import SplitResult, unquote, urlsplit

from modelscan.dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """`prefix` is the path before that of a request; `proxy` a proxy's host and port, `proxy_key` its credentials."""

    host: str
    port: int
    tls: bool = False
    socket: str | None = None
    prefix: bytes = b""
    authority: bytes = b""
    proxy: tuple[str, int] | None = None
    proxy_key: bytes | None = None


def address_of(base_url: str, *, socket: str | None = None, environ: Mapping[str, str]) -> Address:
    """Raises ValueError for an address that is not HTTP."""
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"`{base_url}` is not an address of HTTP")
    tls = parts.scheme == "https"
    port = parts.port or (443 if tls else 80)
    proxy = None if socket else _proxy(parts.hostname, tls=tls, environ=environ)
    return Address(
        host=parts.hostname,
        port=port,
        tls=tls,
        socket=socket,
        prefix=parts.path.rstrip("/").encode(),
        authority=parts.netloc.rpartition("@")[2].encode(),
        proxy=None if proxy is None else (proxy.hostname or "", proxy.port or 80),
        proxy_key=None if proxy is None or not proxy.username else _credentials(proxy.username, proxy.password or ""),
    )


def _proxy(host: str, *, tls: bool, environ: Mapping[str, str]) -> SplitResult | None:
    name = "https_proxy" if tls else "http_proxy"
    named = environ.get(name) or environ.get(name.upper()) or environ.get("all_proxy") or environ.get("ALL_PROXY")
    if not named or _is_near(host) or _is_excepted(host, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return None
    return urlsplit(named if "://" in named else f"http://{named}")


def _is_near(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_excepted(host: str, listed: str) -> bool:
    for item in (part.strip().lstrip(".").lower() for part in listed.split(",")):
        if item == "*" or (item and (host.lower() == item or host.lower().endswith(f".{item}"))):
            return True
    return False


def _credentials(user: str, password: str) -> bytes:
    return b"Basic " + b64encode(f"{unquote(user)}:{unquote(password)}".encode())
