"""Connections to endpoints: idle ones are used again, new ones are made over TCP, Unix sockets, TLS and proxies."""

from __future__ import annotations

import asyncio
import functools
import os
import socket as sockets
import ssl
from collections import deque
from weakref import WeakValueDictionary

from modelscan.gateway.upstream.address import Address
from modelscan.gateway.upstream.connection import UpstreamConnection
from modelscan.system.clock import Clock

_IDLE_SECONDS = 4.0  # uvicorn, which serves most backends, closes after 5
_IDLE_TLS_SECONDS = 50.0  # providers keep connections for a minute, and a handshake takes its time
_MOST_IDLE = 512  # of one endpoint
_MOST_PROXY_BYTES = 16_384


class CannotConnect(Exception):
    """The endpoint was not reached; nothing was sent."""


class Lane:
    """The connections to one endpoint."""

    __slots__ = ("__weakref__", "_connect_seconds", "address", "idle")

    def __init__(self, address: Address, *, connect_seconds: float) -> None:
        self._connect_seconds = connect_seconds
        self.address = address
        self.idle: deque[UpstreamConnection] = deque()

    def take(self) -> UpstreamConnection | None:
        """An idle connection, the one used last first."""
        while self.idle:
            found = self.idle.pop()
            if not found.closed:
                return found
        return None

    def _keep(self, connection: UpstreamConnection) -> None:
        if len(self.idle) >= _MOST_IDLE:
            connection.close()
            return
        connection.idle_since = None
        self.idle.append(connection)

    def sweep(self, now: float) -> None:
        """Close what was idle for too long, counted from the first sweep that found it so."""
        oldest = now - (_IDLE_TLS_SECONDS if self.address.tls else _IDLE_SECONDS)
        while self.idle and (self.idle[0].closed or (self.idle[0].idle_since or now) < oldest):
            self.idle.popleft().close()
        for connection in self.idle:
            if connection.idle_since is None:
                connection.idle_since = now

    async def connect(self) -> UpstreamConnection:
        """A new one. Raises CannotConnect."""
        loop, address = asyncio.get_running_loop(), self.address
        make = functools.partial(UpstreamConnection, address, self._keep)
        try:
            async with asyncio.timeout(self._connect_seconds):
                if address.socket is not None:
                    _, made = await loop.create_unix_connection(make, address.socket)
                elif address.proxy is not None:
                    _, made = await self._through_proxy(make)
                else:
                    tls = _tls() if address.tls else None
                    name = address.host if address.tls else None
                    _, made = await loop.create_connection(
                        make, address.host, address.port, ssl=tls, server_hostname=name
                    )
        except TimeoutError:
            raise CannotConnect(f"no connection within {self._connect_seconds:g} s") from None
        except ssl.SSLCertVerificationError as error:
            raise CannotConnect(f"its certificate is not trusted: {error.verify_message}") from None
        except OSError as error:
            raise CannotConnect((os.strerror(error.errno) if error.errno else str(error)).lower()) from None
        return made

    async def _through_proxy(
        self, make: functools.partial[UpstreamConnection]
    ) -> tuple[asyncio.BaseTransport, UpstreamConnection]:
        address = self.address
        assert address.proxy is not None  # noqa: S101  checked by the caller
        loop = asyncio.get_running_loop()
        raw = await _connected(address.proxy)
        try:
            host = f"[{address.host}]" if ":" in address.host else address.host
            target = f"{host}:{address.port}".encode()
            key = b"Proxy-Authorization: %b\r\n" % address.proxy_key if address.proxy_key else b""
            await loop.sock_sendall(raw, b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n%b\r\n" % (target, target, key))
            await _let_through(raw)
            tls = _tls() if address.tls else None
            return await loop.create_connection(make, sock=raw, ssl=tls, server_hostname=address.host if tls else None)
        except BaseException:
            raw.close()
            raise


class UpstreamPool:
    """`connect_seconds` is the longest that a connection may take to be made."""

    def __init__(self, clock: Clock, *, connect_seconds: float) -> None:
        self._clock = clock
        self._connect_seconds = connect_seconds
        self._lanes: WeakValueDictionary[Address, Lane] = WeakValueDictionary()  # each connection holds on to its own

    def lane(self, address: Address) -> Lane:
        found = self._lanes.get(address)
        if found is None:
            found = self._lanes[address] = Lane(address, connect_seconds=self._connect_seconds)
        return found

    def sweep(self) -> None:
        """Close what was idle for too long; to be called every second or so."""
        now = self._clock.monotonic()
        for lane in list(self._lanes.values()):
            lane.sweep(now)

    def close(self) -> None:
        for lane in list(self._lanes.values()):
            while lane.idle:
                lane.idle.pop().close()


async def _let_through(raw: sockets.socket) -> None:
    """Read a proxy's answer, and not a byte of what follows it. Raises CannotConnect unless it lets us through."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        more = await asyncio.get_running_loop().sock_recv(raw, 1)
        if not more or len(answer) > _MOST_PROXY_BYTES:
            raise CannotConnect("the proxy did not answer")
        answer += more
    status = answer.split(b" ", 2)[1:2]
    if status != [b"200"]:
        raise CannotConnect(f"the proxy answered {status[0].decode('ascii', 'replace') if status else 'nothing'}")


async def _connected(place: tuple[str, int]) -> sockets.socket:
    """A connected socket that does not block. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(*place, type=sockets.SOCK_STREAM)
    last: OSError = OSError("no address")
    for family, kind, protocol, _, where in found:
        raw = sockets.socket(family, kind, protocol)
        raw.setblocking(False)
        try:
            await loop.sock_connect(raw, where)
        except OSError as error:
            raw.close()
            last = error
        else:
            return raw
    raise last


@functools.cache
def _tls() -> ssl.SSLContext:
    """Verifies certificates against the system's, or those that SSL_CERT_FILE and SSL_CERT_DIR name."""
    made = ssl.create_default_context()
    made.set_alpn_protocols(["http/1.1"])
    return made
