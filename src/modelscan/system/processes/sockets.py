"""Who listens on a port: /proc/net/tcp names the socket, /proc/PID/fd its owner."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from modelscan.system.processes.identity import own_pids

_PROC = Path("/proc")
_LISTENING = "0A"  # TCP_LISTEN in the kernel's tcp_states.h
# Who gets a connection to 127.0.0.1: the most exact address first. The addresses as the kernel writes them.
_LOOPBACK = "0100007F"
_MAPPED_LOOPBACK = "0000000000000000FFFF00000100007F"
_ANY = "00000000"
_ANY_V6 = "00000000000000000000000000000000"
_ORDER = ((_LOOPBACK, _MAPPED_LOOPBACK), (_ANY, _ANY_V6))


def listening_sockets(port: int) -> frozenset[str] | None:
    """Inodes of the sockets that a connection to 127.0.0.1 on this port can reach; None where /proc does not say."""
    found: dict[str, set[str]] = {}
    readable = False
    for table in ("tcp", "tcp6"):
        try:
            lines = (_PROC / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        readable = True
        for line in lines:
            fields = line.split()
            address, _, number = fields[1].partition(":")
            if fields[3] == _LISTENING and int(number, 16) == port:
                found.setdefault(address, set()).add(fields[9])
    for addresses in _ORDER:
        inodes = frozenset().union(*(found.get(address, set()) for address in addresses))
        if inodes:
            return inodes
    return frozenset() if readable else None


def sockets_of(pids: Iterable[int]) -> set[str]:
    """Inodes of the sockets that these processes have open, as far as they may be read."""
    found = set()
    for pid in pids:
        try:
            for entry in (_PROC / str(pid) / "fd").iterdir():
                target = _target(entry)
                if target.startswith("socket:["):
                    found.add(target.removeprefix("socket:[").removesuffix("]"))
        except OSError:
            continue
    return found


def owner_of(port: int) -> int | None:
    """The pid of a process of this user that listens there; None for nobody, and for somebody else's."""
    inodes = listening_sockets(port)
    if inodes:
        for pid in own_pids():
            if inodes & sockets_of((pid,)):
                return pid
    return None


def _target(path: Path) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115  Path makes `socket:[1]` a path
    except OSError:
        return ""
