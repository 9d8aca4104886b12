"""The door to HTTP for answers that come line by line, from a server of this machine."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import httpx  # noqa: TID251  this is the door

from modelscan.errors import SourceUnavailable, Unauthorized

_REFUSAL_BYTES = 65_536


def post_for_lines(
    address: str, document: Any, *, key: str | None = None, timeout: float | None = None
) -> Generator[str]:
    """Post JSON and hand over each line of the answer as it comes.

    `timeout` is the longest pause in seconds; None for any, as a long prompt takes its time. No proxy is asked. Closing
    the generator closes the connection. Raises Unauthorized (401), or SourceUnavailable with what the server said as
    its cause.
    """
    headers = {"authorization": f"Bearer {key}"} if key else {}
    try:
        with (
            httpx.Client(timeout=httpx.Timeout(timeout, connect=10.0), trust_env=False) as client,
            client.stream("POST", address, json=document, headers=headers) as response,
        ):
            if not response.is_success:
                raise _refusal(response, address, key)
            yield from response.iter_lines()
    except (httpx.ReadError, httpx.RemoteProtocolError) as error:
        raise SourceUnavailable(f"`{address}` closed the connection", cause=[_reason(error)]) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceUnavailable(f"`{address}` cannot be reached", cause=[_reason(error)]) from error


def _refusal(response: httpx.Response, address: str, key: str | None) -> SourceUnavailable:
    body = b"".join(response.iter_bytes())[:_REFUSAL_BYTES].decode("utf-8", "replace")
    body = body.replace(key, "***") if key else body
    kind = Unauthorized if response.status_code == httpx.codes.UNAUTHORIZED else SourceUnavailable
    return kind(
        f"`{address}` answered {response.status_code}",
        cause=[text] if (text := _message_in(body)) else [],
        details={"address": address, "status": response.status_code},
    )


def _message_in(body: str) -> str:
    """The message of an error in OpenAI's form (vLLM) or a flat one (SGLang), else the text as it is."""
    try:
        document = json.loads(body)
        found = document["error"]["message"] if isinstance(document.get("error"), dict) else document["message"]
    except (ValueError, KeyError, TypeError, AttributeError):
        found = body
    return str(found).strip()


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
