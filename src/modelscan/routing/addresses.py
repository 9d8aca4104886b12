"""Addresses of servers that speak OpenAI's protocol. Pure."""

from __future__ import annotations


def with_version(address: str) -> str:
    """The address of a server's OpenAI API: below `/v1`, where no path is said."""
    scheme, _, rest = address.rstrip("/").partition("://")
    return f"{scheme}://{rest}" if "/" in rest else f"{scheme}://{rest}/v1"
