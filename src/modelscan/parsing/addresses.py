"""What the name or the address of a host says of where it is."""

from __future__ import annotations

from ipaddress import ip_address


def is_loopback(host: str | None) -> bool:
    """Whether it is this machine, as nobody else can reach it."""
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return host is not None and host.lower() == "localhost"
