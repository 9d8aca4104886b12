"""The door to HTTP for APIs of models: what they have, and answers of this machine's that come line by line."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import httpx  # noqa: TID251  this is the door

from modelscan.errors import SourceUnavailable, Unauthorized
from modelscan.parsing.addresses import is_loopback
from modelscan.system.http import told_reason

_REFUSAL_BYTES = 65_536
_MOST_BYTES = 8_000_000


def post_for_lines(
    address: str, document: Any, *, key: str | None = None, timeout: float | None = None, method: str = "POST"
) -> Generator[str]:
    """Post JSON and hand over each line of the answer as it comes.

    `timeout` is the longest pause in seconds; None for any, as a long prompt takes its time. No proxy is asked. Closing
    the generator closes the connection. Raises Unauthorized (401), or SourceUnavailable with what the server said as
    its cause.
    """
    headers = {"authorization": f"Bearer {key}"} if key else {}
    try:
        with (
            _client(address, httpx.Timeout(timeout, connect=10.0), trust_env=False) as client,
            client.stream(method, address, json=document, headers=headers) as response,
        ):
            if not response.is_success:
                raise _refusal(response, address, key)
            yield from response.iter_lines()
    except (httpx.ReadError, httpx.RemoteProtocolError) as error:
        raise SourceUnavailable(f"`{address}` closed the connection", cause=[told_reason(error)]) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceUnavailable(f"`{address}` cannot be reached", cause=[told_reason(error)]) from error


def get_json(address: str, *, key: str | None = None, timeout: float = 10.0) -> Any:
    """The document at an address, of at most 8 MB; `timeout` is for each pause, in seconds.

    Proxies and certificates are those that the usual variables name, but for servers of this machine.

    Raises Unauthorized (401), or SourceUnavailable, whose `details` tell the `status` where it answered.
    """
    headers = {"authorization": f"Bearer {key}"} if key else {}
    try:
        with (
            _client(address, httpx.Timeout(timeout), trust_env=not is_loopback(httpx.URL(address).host)) as client,
            client.stream("GET", address, headers=headers) as response,
        ):
            if not response.is_success:
                raise _refusal(response, address, key)
            content = bytearray()
            for part in response.iter_bytes():
                content += part
                if len(content) > _MOST_BYTES:
                    raise SourceUnavailable(f"the answer of `{address}` is too large", details={"address": address})
            return json.loads(content)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ImportError) as error:  # OSError: SSL_CERT_FILE names nothing
        raise SourceUnavailable(
            f"`{address}` cannot be reached", cause=[told_reason(error)], details={"address": address}
        ) from error
    except (ValueError, RecursionError) as error:
        raise SourceUnavailable(f"`{address}` did not answer JSON", details={"address": address}) from error


def _client(address: str, timeout: httpx.Timeout, *, trust_env: bool) -> httpx.Client:
    """For this address alone, so certificates are loaded only for HTTPS: that takes some 15 ms, for each client."""
    return httpx.Client(timeout=timeout, trust_env=trust_env, verify=httpx.URL(address).scheme == "https")


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
    """The message of an error in OpenAI's form (vLLM) or a flat one (SGLang, Ollama), else the text as it is."""
    try:
        document = json.loads(body)
        error = document.get("error")
        found = error["message"] if isinstance(error, dict) else error or document["message"]
    except (ValueError, KeyError, TypeError, AttributeError):
        found = body
    return str(found).strip()
