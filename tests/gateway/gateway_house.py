"""A gateway of its own in a folder, and a client that sees every byte."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.cli.conftest import free_port

from modelscan.routing.compiled import GatewayTable, TableMember
from modelscan.routing.gateway_files import gateway_files, write_table
from modelscan.services.files import read_status
from modelscan.storage.keys import ClientKey, change_keys, hash_of
from modelscan.storage.paths import paths_below
from modelscan.system.processes.identity import SUPERVISOR_TAG


def member(name: str, base_url: str, **changes: Any) -> TableMember:
    values: dict[str, Any] = {"id": name, "model": name, "serves": (name,), "base_url": base_url, **changes}
    return TableMember(name=name, **values)


class House:
    """`folder` is its MODELSCAN_HOME."""

    def __init__(self, folder: Path, *, environ: Mapping[str, str] | None = None) -> None:
        self.paths = paths_below(folder)
        self.files = gateway_files(self.paths)
        self.port = free_port()
        self._environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "MODELSCAN_HOME": str(folder),
            SUPERVISOR_TAG: "gateway",
            **(environ or {}),
        }
        self._tables = 0
        self.keeper: subprocess.Popen[bytes] | None = None

    def start(self, *words: str) -> None:
        self.start_as_configured("--port", str(self.port), *words)

    def start_as_configured(self, *words: str) -> None:
        argv = [sys.executable, "-m", "modelscan.gateway", *words]
        self.keeper = subprocess.Popen(argv, env=self._environ)
        until(lambda: read_status(self.files).get("supervisor") == self.keeper.pid, what="the gateway to start")

    @property
    def pid(self) -> int:
        """Of what serves."""
        return int(read_status(self.files)["pid"])

    def serve(self, *members: TableMember, **changes: Any) -> None:
        """Write a table, and return once it counts."""
        self._tables += 1
        mark = f"table-{self._tables}"
        names = {item.name: (item.name,) for item in members} | changes.pop("names", {})
        mark_member = member(mark, "http://127.0.0.1:9")
        table = GatewayTable(members=(*members, mark_member), names={**names, mark: (mark,)}, **changes)
        write_table(self.files, table)
        os.kill(self.pid, signal.SIGHUP)  # it would look by itself, four times a second
        self._until_known(mark)

    def _until_known(self, mark: str) -> None:
        """The mark is unknown to keys that are limited, so the metrics are asked."""
        until(lambda: mark in self.table_names(), what="the table to be read")

    def table_names(self) -> str:
        key = getattr(self, "master", "")
        answer = self.ask("GET", "/metrics", headers={"authorization": f"Bearer {key}"} if key else {})
        return answer.body.decode()

    def keys(self, **keys: Any) -> None:
        """Make these the keys: `laptop="sk-1"` or `ci=("sk-2", ("model",), 60)`. The first may do everything."""
        made = []
        for name, given in keys.items():
            key, models, rate = given if isinstance(given, tuple) else (given, (), None)
            made.append(ClientKey(name=name, hash=hash_of(key), models=models, rate=rate, created_at="2026-11-30"))
        change_keys(self.paths.keys_file, lambda _: tuple(made))
        first = next(iter(keys.values()), "")
        self.master = first[0] if isinstance(first, tuple) else first
        os.kill(self.pid, signal.SIGHUP)
        wanted = 401 if keys else 200
        until(lambda: self.ask("GET", "/metrics").status == wanted, what="the keys to be read")

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 30.0,
    ) -> Answered:
        with self.connection(timeout) as wire:
            wire.send(method, path, body, headers)
            return wire.answer(without_body=method == "HEAD")

    def chat(self, model: str = "demo", **fields: Any) -> Answered:
        return self.ask("POST", "/v1/chat/completions", {"model": model, **fields})

    @contextlib.contextmanager
    def connection(self, timeout: float = 30.0) -> Iterator[Wire]:
        with socket.create_connection(("127.0.0.1", self.port), timeout) as made:
            yield Wire(made)

    def log(self) -> str:
        return (self.files.folder / "gateway.log").read_text()

    def stop(self) -> None:
        if self.keeper is not None:
            self.keeper.send_signal(signal.SIGTERM)
            try:
                self.keeper.wait(40)
            except subprocess.TimeoutExpired:
                self.keeper.kill()
                self.keeper.wait()
                raise


class Answered:
    def __init__(self, status: int, headers: dict[str, str], body: bytes, *, whole: bool) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.whole = whole

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[Any]:
        lines = [line[6:] for line in self.body.decode().split("\n") if line.startswith("data: ")]
        return [json.loads(line) if line.startswith("{") else line for line in lines]


class Wire:
    """One connection, from the client's side."""

    def __init__(self, made: socket.socket) -> None:
        self.socket = made
        self._rest = bytearray()

    def send(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> None:
        self.socket.sendall(request(method, path, body, headers))

    def answer(self, *, without_body: bool = False) -> Answered:
        """The next answer; `whole` is False where it broke off."""
        while b"\r\n\r\n" not in self._rest:
            if not self._more():
                return Answered(0, {}, bytes(self._rest), whole=False)
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        lines = head.decode("latin1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        if status == 100:
            return self.answer()
        if without_body:
            return Answered(status, headers, b"", whole=True)
        if headers.get("transfer-encoding") == "chunked":
            body, whole = self._chunks()
            return Answered(status, headers, body, whole=whole)
        if "content-length" in headers:
            size = int(headers["content-length"])
            while len(self._rest) < size and self._more():
                pass
            body = bytes(self._rest[:size])
            del self._rest[:size]
            return Answered(status, headers, body, whole=len(body) == size)
        while self._more():
            pass
        return Answered(status, headers, bytes(self._rest), whole=True)

    def _chunks(self) -> tuple[bytes, bool]:
        parts = []
        while True:
            while b"\r\n" not in self._rest:
                if not self._more():
                    return b"".join(parts), False
            line, _, self._rest = self._rest.partition(b"\r\n")
            size = int(line, 16)
            while len(self._rest) < size + 2:
                if not self._more():
                    return b"".join(parts), False
            parts.append(bytes(self._rest[:size]))
            del self._rest[: size + 2]
            if size == 0:
                return b"".join(parts), True

    def _more(self) -> bool:
        try:
            data = self.socket.recv(1 << 20)
        except ConnectionError:
            return False
        self._rest += data
        return bool(data)


def request(method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> bytes:
    given = {"host": "gateway", **(headers or {})}
    data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    if body is not None and "transfer-encoding" not in given:
        given["content-length"] = str(len(data))
        given.setdefault("content-type", "application/json")
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def until(condition: Any, *, what: str, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError):
            if condition():
                return
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.03)
