"""Who may ask: before anything of a request but its head is read.

`Host` must be a name of this machine, so that no other site's name can be led here (DNS rebinding); an address in
figures cannot be. A browser tells with `Origin` whose page sends something; only our own may. Keys are those of the
gateway's clients; without any, everybody on this machine may ask, as there.
"""

from __future__ import annotations

import hmac
import socket
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException

from modelscan.api.failures import answer
from modelscan.dataclasses import dataclass
from modelscan.errors import ModelscanError
from modelscan.storage.keys import ClientKey, hash_of, read_keys
from modelscan.storage.passes import COOKIE, Passes
from modelscan.storage.paths import Paths

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SIGN_IN = "/ui/sign-in"
_OPEN = frozenset({"/", "/api/v1/health", "/ui/session", _SIGN_IN})
_OPEN_BELOW = "/ui/static/"
_TO_MODELS = "/ui/gateway/"


@dataclass(frozen=True, slots=True)
class _Turned:
    status: int
    message: str
    headers: tuple[tuple[str, str], ...] = ()


_NO_KEY = _Turned(401, "user not authenticated", (("WWW-Authenticate", "Bearer"),))


def is_open(path: str) -> bool:
    """Whether nobody needs a key there."""
    return path in _OPEN or path.startswith(_OPEN_BELOW)


class Doorkeeper:
    """The middleware around everything else."""

    def __init__(
        self,
        app: Any,
        *,
        paths: Paths,
        sessions: Passes,
        hosts: Iterable[str],
        max_body: int,
        max_to_models: int,
        needs_key: bool,
    ) -> None:
        self._app = app
        self._paths = paths
        self._sessions = sessions
        self._hosts = frozenset({"localhost", socket.gethostname().lower(), *(host.lower() for host in hosts)})
        self._max_body = max_body
        self._max_to_models = max_to_models
        self._needs_key = needs_key

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            refusal = self._refusal(
                scope, {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            )
        except ModelscanError as error:  # keys that cannot be read let nobody in
            refusal = _Turned(500, error.message)
        if refusal is not None:
            await answer(refusal.status, refusal.message, dict(refusal.headers))(scope, receive, send)
            return
        await self._app(scope, _bounded(receive, self._most(scope["path"])), send)

    def _most(self, path: str) -> int:
        """Bytes of a body: what is for a model may be as large as at the gateway."""
        return self._max_to_models if path.startswith(_TO_MODELS) else self._max_body

    def _refusal(self, scope: Any, headers: dict[str, str]) -> _Turned | None:
        path, method = scope["path"], scope["method"]
        if not self._is_here(headers.get("host", "")):
            return _Turned(421, "this name is not one of this server: see the setting api.allowed_hosts")
        refusal, by_key = self._key_refusal(headers)
        if refusal is not None and not is_open(path):
            if path.startswith("/ui") and method in _SAFE:
                return _Turned(303, refusal.message, (("Location", _SIGN_IN),))
            return refusal
        if method not in _SAFE and not by_key and not _is_own_page(headers):
            return _Turned(403, "another site's page may not send this")
        length = headers.get("content-length", "0")
        most = self._most(path)
        if not length.isdigit() or int(length) > most:
            return _Turned(413, f"the body is larger than {most} bytes")
        return None

    def _is_here(self, host: str) -> bool:
        name = (urlsplit(f"//{host}").hostname or "").lower()
        if name in self._hosts or name.endswith(".localhost"):
            return True
        try:
            ip_address(name)
        except ValueError:
            return False
        return True

    def _key_refusal(self, headers: dict[str, str]) -> tuple[_Turned | None, bool]:
        """Why this request is not let in, and whether it showed a key itself, which no other site's page can."""
        keys = read_keys(self._paths.keys_file)
        shown = _bearer(headers.get("authorization", "")) or headers.get("x-api-key", "")
        if shown:
            found = key_shown(keys, shown)
            if found is None:
                return (_NO_KEY, True) if keys or self._needs_key else (None, True)
            if found.models:
                return _Turned(403, f"the key `{found.name}` is for requests to models only"), True
            return None, True
        if not keys and not self._needs_key:
            return None, False
        return (None if self._sessions.valid(_cookie(headers.get("cookie", ""))) else _NO_KEY), False


def _bearer(authorization: str) -> str:
    scheme, _, rest = authorization.partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else ""


def key_shown(keys: Iterable[ClientKey], shown: str) -> ClientKey | None:
    """Which of the keys it is. Every hash is compared, each in constant time."""
    digest = hash_of(shown.encode("utf-8", "surrogateescape")).encode()
    found = None
    for key in keys:
        if hmac.compare_digest(key.hash.encode(), digest):
            found = key
    return found


def _cookie(header: str) -> str:
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel is not None else ""


def _is_own_page(headers: dict[str, str]) -> bool:
    """Programs send neither header; a browser always sends one of them with what changes something."""
    origin = headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == headers.get("host")
    return headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}


def _bounded(receive: Receive, most: int) -> Receive:
    """What is sent without its length is counted as it comes."""
    got = 0

    async def counted() -> Message:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        if got > most:
            raise HTTPException(413, f"the body is larger than {most} bytes")
        return message

    return counted
