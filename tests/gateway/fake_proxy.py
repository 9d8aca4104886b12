"""A proxy on loopback: makes tunnels, and hands on requests without TLS. Every host of it is this machine."""

from __future__ import annotations

import base64
import contextlib
import select
import socket
import threading
from typing import Any
from urllib.parse import urlsplit


class FakeProxy:
    """`heads` are what it was sent, as far as it could read it; `status` is what it answers to a wish for a tunnel."""

    def __init__(self, *, user: str = "", password: str = "") -> None:
        self.heads: list[str] = []
        self.status = 200
        self._key = base64.b64encode(f"{user}:{password}".encode()).decode() if user else None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: Any) -> None:
        with contextlib.suppress(OSError), client:  # the gateway and what it asks may leave at any moment
            self._answer(client)

    def _answer(self, client: Any) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            more = client.recv(65_536)
            if not more:
                return
            data += more
        head, _, rest = data.partition(b"\r\n\r\n")
        text = head.decode("latin1")
        self.heads.append(text)
        method, target, _ = text.split("\r\n")[0].split(" ", 2)
        refused = self._key is not None and f"proxy-authorization: basic {self._key}".lower() not in text.lower()
        if refused or (self.status != 200 and method == "CONNECT"):
            client.sendall(b"HTTP/1.1 %d No\r\ncontent-length: 0\r\n\r\n" % (407 if refused else self.status))
            return
        port = int(target.rpartition(":")[2]) if method == "CONNECT" else urlsplit(target).port
        with socket.create_connection(("127.0.0.1", port)) as there:
            if method == "CONNECT":
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                there.sendall(head + b"\r\n\r\n")
            if rest:
                there.sendall(rest)
            _both_ways(client, there)


def _both_ways(one: Any, other: Any) -> None:
    with contextlib.suppress(OSError):
        while True:
            for ready in select.select([one, other], [], [], 30)[0]:
                data = ready.recv(65_536)
                if not data:
                    return
                (other if ready is one else one).sendall(data)
