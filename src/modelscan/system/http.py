"""The door to HTTP: fetch a document from https, http, `file:` or a path, within a size, or say why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx  # noqa: TID251  this is the door

from modelscan import __version__
from modelscan.errors import Gated, SourceUnavailable, Unauthorized

MAX_DOCUMENT_BYTES = 64 * 1024**2
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_UNAUTHORIZED, _FORBIDDEN = 401, 403


@dataclass(frozen=True, slots=True)
class Fetched:
    """`etag` is what to send next time, `content` is None when the server says it has not changed."""

    content: bytes | None
    etag: str | None = None


class Http:
    """A client made when first used. Proxies and CA bundles come from the usual variables (httpx reads them)."""

    def __init__(self, transport: httpx.BaseTransport | None = None) -> None:
        self._transport = transport

    def fetch(
        self,
        address: str,
        *,
        etag: str | None = None,
        headers: Mapping[str, str] | None = None,
        limit: int = MAX_DOCUMENT_BYTES,
    ) -> Fetched:
        """The document at an address or path. `headers` are sent; `authorization` not to where it is redirected.

        Raises SourceUnavailable (unreachable, an error status, larger than `limit` bytes), Unauthorized (401) or
        Gated (403). Credentials inside an address are never repeated in a message.
        """
        if local := _local_path(address):
            return _read_file(local, limit)
        shown = _without_credentials(address)
        sent = {"user-agent": f"modelscan/{__version__}", **(headers or {})}
        if etag:
            sent["if-none-match"] = etag
        try:
            with (
                httpx.Client(transport=self._transport, timeout=_TIMEOUT, follow_redirects=True) as client,
                client.stream("GET", address, headers=sent) as response,
            ):
                return _answer(response, shown, limit)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceUnavailable(
                f"`{shown}` cannot be reached", cause=[_reason(error)], details={"address": shown}
            ) from error


def _answer(response: httpx.Response, shown: str, limit: int) -> Fetched:
    if response.status_code == httpx.codes.NOT_MODIFIED:
        return Fetched(None, response.headers.get("etag"))
    if response.status_code == _UNAUTHORIZED:
        raise Unauthorized(f"`{shown}` wants a login", details={"address": shown})
    if response.status_code == _FORBIDDEN:
        raise Gated(f"`{shown}` refuses access", details={"address": shown})
    if not response.is_success:
        raise SourceUnavailable(
            f"`{shown}` answered {response.status_code} {response.reason_phrase}", details={"address": shown}
        )
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > limit:
            raise SourceUnavailable(f"`{shown}` is larger than {limit} bytes", details={"address": shown})
    return Fetched(bytes(content), response.headers.get("etag"))


def _local_path(address: str) -> Path | None:
    parts = urlsplit(address)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if parts.scheme in {"http", "https"} else Path(address).expanduser()


def _read_file(path: Path, limit: int) -> Fetched:
    try:
        if path.stat().st_size > limit:
            raise SourceUnavailable(f"`{path}` is larger than {limit} bytes", details={"address": str(path)})
        return Fetched(path.read_bytes())
    except OSError as error:
        raise SourceUnavailable(
            f"`{path}` cannot be read", cause=[error.strerror or str(error)], details={"address": str(path)}
        ) from error


def _without_credentials(address: str) -> str:
    parts = urlsplit(address)
    if parts.username is None and parts.password is None and not parts.query:
        return address
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}"


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
