"""What stands before every route: the key, the size of a body, and whether the models are loaded."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modelscan_serving.handlers.errors import ApiError

OPEN = frozenset({"/health"})
"""Without a key, and while models are loaded."""
WHILE_LOADING = OPEN | {"/metrics", "/v1/models"}


class Doors:
    """The application behind them is reached by nobody whom they refuse."""

    def __init__(self, app: ASGIApp, *, key: str | None, most_body_bytes: int, loading: Callable[[], bool]) -> None:
        self._app, self._key, self._most, self._loading = app, key, most_body_bytes, loading

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        refused = self._refused(scope, headers)
        if refused is not None:
            await refused.response()(scope, receive, send)
            return
        counted = _Counted(receive, self._most)
        await self._app(scope, counted, send)

    def _refused(self, scope: Scope, headers: dict[bytes, bytes]) -> ApiError | None:
        path = scope["path"]
        if self._key is not None and path not in OPEN and not self._has_key(headers):
            return ApiError("The API key is missing or wrong.", status=401, code="invalid_api_key")
        if scope["method"] == "POST" and self._loading() and path not in WHILE_LOADING:
            return ApiError("The models are still being loaded.", status=503, code="loading")
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self._most:
            return too_large(self._most)
        # A page in a browser may send anything else to any address without asking first.
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if scope["method"] == "POST" and kind not in {b"application/json", b"multipart/form-data"}:
            return ApiError("Send JSON, with `content-type: application/json`.", status=415)
        return None

    def _has_key(self, headers: dict[bytes, bytes]) -> bool:
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        right = hmac.compare_digest(given.strip(), (self._key or "").encode())
        return right and scheme.lower() == b"bearer"


class _Counted:
    """Raises ApiError once more came than may: a body without a length has no other limit."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._left, self._most = receive, most, most

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise too_large(self._most)
        return message


def too_large(most: int) -> ApiError:
    return ApiError(f"The request is larger than {most} bytes.", status=413)
