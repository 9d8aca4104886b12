"""The HTTP API and its page. The one place of its defaults."""

from __future__ import annotations

from modelscan.dataclasses import dataclass
from modelscan.settings.declaring import declares, setting
from modelscan.settings.values import count, folders, names, port, seconds, text


@dataclass(frozen=True, kw_only=True, eq=False)
@declares
class ApiSettings:
    host: str = setting(
        "127.0.0.1",
        text,
        env="MODELSCAN_API_HOST",
        doc="the address that the HTTP API listens on; any but this machine's own needs a key first",
    )
    port: int = setting(8090, port, env="MODELSCAN_API_PORT", doc="the port that the HTTP API listens on")
    allowed_hosts: tuple[str, ...] = setting(
        (),
        names,
        env="MODELSCAN_API_ALLOWED_HOSTS",
        doc="names beside this machine's own by which browsers and clients may ask for the HTTP API",
    )
    download_dirs: tuple[str, ...] = setting(
        (),
        folders,
        env="MODELSCAN_API_DOWNLOAD_DIRS",
        doc="folders below which requests may have weights downloaded; by default one in the data folder",
    )
    max_body_bytes: int = setting(
        1_000_000, count, env="MODELSCAN_API_MAX_BODY", doc="the largest body of a request in bytes"
    )
    drain_seconds: float = setting(
        5.0,
        seconds,
        env="MODELSCAN_API_DRAIN",
        doc="seconds that answers get to end when the HTTP API is stopped",
    )
