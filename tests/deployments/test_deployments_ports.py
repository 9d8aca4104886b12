"""Ports: the next free one, and the name of who has one."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest
from hostile_house import free_port

from modelscan.errors import Conflict
from modelscan.system.processes.ports import is_free, next_free, require_free
from modelscan.system.processes.sockets import listening_sockets, owner_of, sockets_of


@pytest.fixture(params=["127.0.0.1", "0.0.0.0"])
def taken(request: pytest.FixtureRequest) -> Iterator[int]:
    with socket.socket() as server:
        server.bind((request.param, 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_taken_port_is_refused_with_its_owner(taken: int) -> None:
    assert not is_free(taken)
    with pytest.raises(Conflict) as refused:
        require_free(taken)
    assert refused.value.message == f"port `{taken}` is already in use"
    assert refused.value.details["pid"] == os.getpid()
    assert f"process {os.getpid()}" in refused.value.cause[0]


def test_claimed_and_taken_ports_are_passed_over(taken: int) -> None:
    found = next_free(taken, {taken + 1})
    assert found > taken + 1
    assert is_free(found)


def test_no_port_left() -> None:
    with pytest.raises(Conflict, match="no port from `65535`"):
        next_free(65535, {65535})


def test_a_port_with_dying_connections_is_free() -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()  # the server's side closes first: TIME_WAIT is its
    assert is_free(port)


def test_the_more_exact_address_gets_the_connection() -> None:
    port = free_port()
    with socket.socket() as everywhere, socket.socket() as loopback:
        for one, address in ((everywhere, "0.0.0.0"), (loopback, "127.0.0.1")):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            one.bind((address, port))
            one.listen()
        reachable = listening_sockets(port)
        assert reachable is not None
        assert len(reachable) == 1
        assert reachable <= sockets_of([os.getpid()])
        assert owner_of(port) == os.getpid()
    assert listening_sockets(port) == frozenset()
