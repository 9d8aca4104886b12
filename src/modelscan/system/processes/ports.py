"""Ports: the next free one, and the owner of one in use."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Collection

from modelscan.errors import Conflict
from modelscan.system.processes.identity import program_name
from modelscan.system.processes.sockets import owner_of

_LAST_PORT = 65535
_FIRST_UNPRIVILEGED = 1024
_USUAL = 8080
# `localhost` is ::1 first for many clients: a stranger there would get the requests meant for us.
_ADDRESSES = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::1"))  # noqa: S104  tried, not served


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    return _obstacle(port) is None


def next_free(first: int, claimed: Collection[int]) -> int:
    """The first port from `first` on that no deployment claims and nobody uses. Raises Conflict when none is left."""
    for port in range(first, _LAST_PORT + 1):
        if port not in claimed and is_free(port):
            return port
    raise Conflict(
        f"no port from `{first}` up is free", hints=[f"use a lower one: --port {_USUAL}"], details={"first": first}
    )


def another_port(port: int, claimed: Collection[int], *, option: str = "--port {port}") -> str:
    """A hint with a number that is free now: above `port`, else above the ports of the system."""
    for first in (port + 1, _FIRST_UNPRIVILEGED):
        with contextlib.suppress(Conflict):
            return f"use a free one: {option.format(port=next_free(first, claimed))}"
    return "no port is free on this machine: ss -ltnp"


def require_free(port: int, claimed: Collection[int] = (), *, option: str = "--port {port}") -> None:
    """Raises Conflict that names the owner of the port as far as it can be known, and one that is free.

    `option` is how the user asks for that.
    """
    obstacle = _obstacle(port)
    if obstacle is None:
        return
    free = another_port(port, claimed, option=option)
    if obstacle.errno != errno.EADDRINUSE:
        raise Conflict(f"port `{port}` cannot be used", cause=[str(obstacle.strerror)], hints=[free])
    pid = owner_of(port)
    name = program_name(pid) if pid is not None else None
    owner = "a process of another user" if pid is None else f"process {pid}" + (f" ({name})" if name else "")
    raise Conflict(
        f"port `{port}` is already in use",
        cause=[f"{owner} uses it"],
        hints=[free, f"or stop that process: kill {pid}" if pid else f"ss -ltnp sport = :{port}"],
        details={"port": port, "pid": pid, "program": name},
    )


def _obstacle(port: int) -> OSError | None:
    """Why a server could not listen there."""
    for family, address in _ADDRESSES:
        try:
            with socket.socket(family, socket.SOCK_STREAM) as attempt:
                # As servers do: connections that are still dying on the port do not count, a listener does.
                attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                attempt.bind((address, port))
        except OSError as error:
            if error.errno not in {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}:  # no IPv6 here is no obstacle
                return error
    return None
