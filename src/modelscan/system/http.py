"""The door to HTTP: fetch a document from https, http, `file:` or a path, within a size, or say why not."""

from __future__ import annotations

import contextlib
import functools
import weakref
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

import httpx  # noqa: TID251  this is the door

from modelscan import __version__
from modelscan.dataclasses import dataclass
from modelscan.errors import ConfigInvalid, Gated, SourceUnavailable, Unauthorized, shown_address
from modelscan.system.clock import SystemClock

MAX_DOCUMENT_BYTES = 64 * 1024**2
_UNAUTHORIZED, _FORBIDDEN = 401, 403


# A server that sends a byte now and then never times out by itself: a document is given five minutes in all.
_LONGEST_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """`etag` is what to send next time (of a server without etags, the time of its last change), `content` is None
    when the server says that it has not changed since.
    """

    content: bytes | None
    etag: str | None = None


class Http:
    """A client made when first used. Proxies and CA bundles come from the usual variables (httpx reads them).

    `timeout` is the read timeout in seconds, `longest` the limit for a whole document.
    """

    def __init__(
        self, transport: httpx.BaseTransport | None = None, *, timeout: float = 30.0, longest: float = _LONGEST_SECONDS
    ) -> None:
        self._transport = transport
        self._timeout = httpx.Timeout(timeout, connect=min(timeout, 10.0))
        self._longest = longest

    @functools.cached_property
    def _client(self) -> httpx.Client:
        """One for all documents, from any thread: a source of many pages keeps its connections."""
        client = _client(self._transport, self._timeout)
        weakref.finalize(self, client.close)
        return client

    def within(self, seconds: float) -> Self:
        """The same for who cannot wait: no pause, and no whole document, takes longer."""
        return type(self)(self._transport, timeout=seconds, longest=seconds)

    def session(self, *, read_timeout: float = 30.0) -> HttpSession:
        """For transfers: many requests to few hosts. `read_timeout` is in seconds."""
        return HttpSession(self._transport, read_timeout)

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
        Gated (403); `details` tell the `status` and what `retry_after` it asks for, where it answered. Credentials
        inside an address are never repeated in a message.
        """
        if local := _local_path(address):
            return _read_file(local, limit)
        shown = shown_address(address)
        sent = {"user-agent": f"modelscan/{__version__}", **(headers or {})}
        if etag:
            sent["if-none-match" if etag.startswith(('"', "W/")) else "if-modified-since"] = etag
        try:
            with self._client.stream("GET", address, headers=sent) as response:
                return _answer(response, shown, limit, self._longest)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceUnavailable(
                f"`{shown}` cannot be reached", cause=[told_reason(error)], details={"address": shown}
            ) from error


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What a server said: `headers` in lower case, the body piece by piece as it comes."""

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]

    @property
    def start(self) -> int:
        """Where in the document the body begins: 0 where the server ignored the wished-for range."""
        first = self.headers.get("content-range", "").removeprefix("bytes ").partition("-")[0]
        return int(first) if self.status == httpx.codes.PARTIAL_CONTENT and first.isdecimal() else 0

    @property
    def retry_after(self) -> float | None:
        """Seconds that the server asks to wait."""
        return retry_after(self.headers)

    def read(self, limit: int = MAX_DOCUMENT_BYTES, *, longest: float = _LONGEST_SECONDS) -> bytes:
        """The whole body. Raises SourceUnavailable for more than `limit` bytes or `longest` seconds."""
        content, clock = bytearray(), SystemClock()
        until = clock.monotonic() + longest
        for chunk in self.chunks:
            content += chunk
            if len(content) > limit:
                raise SourceUnavailable(f"an answer is larger than {limit} bytes")
            if clock.monotonic() > until:
                raise SourceUnavailable(f"an answer took longer than {longest:.0f} s")
        return bytes(content)


class HttpSession:
    """Many requests over kept connections, from any thread. Credentials go to the host they are meant for only:
    httpx drops them when it is sent to another.
    """

    def __init__(self, transport: httpx.BaseTransport | None = None, read_timeout: float = 30.0) -> None:
        timeout = httpx.Timeout(read_timeout, connect=10.0, pool=None)
        self._client = _client(transport, timeout)

    @contextlib.contextmanager
    def stream(
        self, address: str, *, start: int = 0, end: int | None = None, headers: Mapping[str, str] | None = None
    ) -> Iterator[HttpAnswer]:
        """Ask for a document, or for its bytes from `start` to before `end`; any status is an answer.

        Raises SourceUnavailable when the server cannot be reached or the connection breaks, also while the body is
        read.
        """
        wanted = {"user-agent": f"modelscan/{__version__}", "accept-encoding": "identity", **(headers or {})}
        if start or end is not None:
            wanted["range"] = f"bytes={start}-{'' if end is None else end - 1}"
        try:
            with self._client.stream("GET", address, headers=wanted) as response:
                packed = "content-encoding" in response.headers  # by some, whatever is asked for
                chunks = response.iter_bytes() if packed else response.iter_raw()
                yield HttpAnswer(response.status_code, response.headers, chunks)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            shown = shown_address(address)
            raise SourceUnavailable(
                f"`{shown}` cannot be reached",
                cause=[told_reason(error)],
                hints=[network_hint(shown, told_reason(error))],
                details={"address": shown},
            ) from error

    def close(self) -> None:
        """Break off what is under way, too."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _answer(response: httpx.Response, shown: str, limit: int, longest: float) -> Fetched:
    headers = response.headers
    known_as = headers.get("etag") or headers.get("last-modified")
    if response.status_code == httpx.codes.NOT_MODIFIED:
        return Fetched(None, known_as)
    details = {"address": shown, "status": response.status_code, "retry_after": retry_after(headers)}
    if response.status_code == _UNAUTHORIZED:
        raise Unauthorized(f"`{shown}` requires authentication", details=details)
    if response.status_code == _FORBIDDEN:
        raise Gated(f"`{shown}` denies access", details=details)
    if not response.is_success:
        raise SourceUnavailable(f"`{shown}` answered {response.status_code} {response.reason_phrase}", details=details)
    clock = SystemClock()
    until = clock.monotonic() + longest
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > limit:
            raise SourceUnavailable(f"`{shown}` is larger than {limit} bytes", details=details)
        if clock.monotonic() > until:
            raise SourceUnavailable(f"`{shown}` took longer than {longest:.0f} s", details=details)
    return Fetched(bytes(content), known_as)


def _local_path(address: str) -> Path | None:
    parts = urlsplit(address)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if parts.scheme in {"http", "https"} else Path(address).expanduser()


def _read_file(path: Path, limit: int) -> Fetched:
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)  # what has no size, as a pipe, has an end all the same
        if len(content) > limit:
            raise SourceUnavailable(f"`{path}` is larger than {limit} bytes", details={"address": str(path)})
        return Fetched(content)
    except OSError as error:
        raise SourceUnavailable(
            f"`{path}` cannot be read", cause=[error.strerror or str(error)], details={"address": str(path)}
        ) from error


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait, told as such or as a date (RFC 9110, 10.2.3)."""
    header = headers.get("retry-after", "")
    if header.isdecimal():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - SystemClock().now()).total_seconds())
    except (ValueError, TypeError):
        return None


def require_usable_variables() -> None:
    """Raise ConfigInvalid where no client can be made with what the variables for proxies and certificates say."""
    _client(None, httpx.Timeout(10.0)).close()


def _client(transport: httpx.BaseTransport | None, timeout: httpx.Timeout) -> httpx.Client:
    try:
        return httpx.Client(transport=transport, timeout=timeout, follow_redirects=True)
    except ImportError as error:  # httpx leaves SOCKS to an extra of its own
        raise ConfigInvalid(
            "a SOCKS proxy is configured, but SOCKS support is not installed",
            hints=[
                "install it with modelscan: uv tool install modelscan-cli --with socksio",
                "or use an HTTP proxy: export ALL_PROXY=http://host:port",
            ],
        ) from error
    except (OSError, ValueError, httpx.InvalidURL) as error:
        raise ConfigInvalid(
            "the environment variables for proxies or certificates are not valid",
            cause=[told_reason(error)],
            hints=["check them: env | grep -i -e _proxy -e ssl_cert -e ca_bundle"],
        ) from error


def network_hint(address: str, reason: str) -> str:
    """What to try when a server cannot be reached for `reason`."""
    if reason.startswith("407"):
        return "the proxy requires authentication: export HTTPS_PROXY=http://USER:PASSWORD@host:port"
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return "if a proxy or your company signs it, set its certificates: export SSL_CERT_FILE=/path/to/ca.pem"
    return f"a proxy or a firewall may block it, check: curl -I {address}"


def told_reason(error: BaseException) -> str:
    """What a transport says went wrong; it repeats a header that cannot be sent, which can hold a token."""
    if type(error).__name__ == "LocalProtocolError":
        return "a request header is not valid"
    return str(error) or type(error).__name__
