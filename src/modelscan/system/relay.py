"""The door for requests that are passed on to a server of this machine, both bodies as they come."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping

import httpx  # noqa: TID251  this is the door

from modelscan.dataclasses import dataclass
from modelscan.errors import SourceUnavailable
from modelscan.system.http import told_reason

_CONNECT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Relayed:
    """`body` ends with its connection, and whoever closes it early closes that."""

    status: int
    headers: Mapping[str, str]
    body: AsyncIterator[bytes]


@contextlib.asynccontextmanager
async def relayed(
    method: str, address: str, *, headers: Mapping[str, str], body: AsyncIterator[bytes] | None
) -> AsyncIterator[Relayed]:
    """The answer once its head is there. Any pause is allowed: a long prompt takes its time. No proxy is asked.

    Raises SourceUnavailable.
    """
    timeout = httpx.Timeout(None, connect=_CONNECT_SECONDS)
    try:
        async with (
            # Plain HTTP on this machine: to load the certificates of the world would cost more than the request.
            httpx.AsyncClient(timeout=timeout, trust_env=False, verify=False) as client,  # noqa: S501
            client.stream(method, address, headers=dict(headers), content=body) as answer,
        ):
            yield Relayed(answer.status_code, answer.headers, answer.aiter_raw())
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise SourceUnavailable(f"`{address}` cannot be reached", cause=[told_reason(error)]) from error
