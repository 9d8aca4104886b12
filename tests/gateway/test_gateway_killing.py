"""kill -9 of an endpoint, of what serves, of its supervisor, in the middle of streams: an answer or an error, never a
silent cut.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import threading
import time
from pathlib import Path

import pytest
from fake_upstream import FakeUpstream
from gateway_house import Answered, House, Wire, free_port, member, until


class Streams:
    """Clients that stream one after the other until they are told to end; what they saw is judged."""

    def __init__(self, house: House, count: int) -> None:
        self.ok = self.errors = self.cut = 0
        self.wrong: list[bytes] = []
        self._house = house
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(count)]
        for thread in self._threads:
            thread.start()

    def _run(self, number: int) -> None:
        while not self._over.is_set():
            try:
                with self._house.connection(20) as wire:
                    body = {"model": "both", "stream": True, "n": 8, "gap": 0.01, "id": number}
                    wire.send("POST", "/v1/chat/completions", body)
                    self._judge(wire.answer())
            except OSError:
                with self._lock:
                    self.errors += 1  # nobody listens, or the connection was reset: the client knows
                time.sleep(0.02)

    def _judge(self, answer: Answered) -> None:
        said = answer.body.decode("utf-8", "replace")
        with self._lock:
            if answer.status == 200 and answer.whole and said.endswith("data: [DONE]\n\n"):
                self.ok += said.count('"i": ') == 8
            elif answer.whole and answer.status == 200:
                if '"error"' in said:
                    self.errors += 1
                else:
                    self.wrong.append(answer.body)  # a clean end of what is not whole: the one thing that must not be
            else:
                self.errors += 1  # a status, or a body that broke off where its framing says so

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


def kill_rounds(folder: Path, rounds: int, seed: int = 15) -> Streams:
    made = random.Random(seed)  # noqa: S311  the same order each time
    house = House(folder)
    house.start()
    endpoints = [FakeUpstream(), FakeUpstream()]
    members = [member(f"m{number}", endpoint.base_url) for number, endpoint in enumerate(endpoints)]
    house.serve(*members, names={"both": ("m0", "m1")})
    streams = Streams(house, 6)
    try:
        for _ in range(rounds):
            time.sleep(made.uniform(0.01, 0.08))
            match made.choice(["endpoint", "endpoint", "serving", "supervisor"]):
                case "endpoint":
                    victim = made.choice(endpoints)
                    victim.kill()
                    time.sleep(made.uniform(0, 0.03))
                    victim.again()
                case "serving":
                    before = house.pid
                    os.kill(before, signal.SIGKILL)
                    until(lambda: house.pid != before, what="another process to serve")  # noqa: B023
                case "supervisor":
                    assert house.keeper is not None
                    before = house.pid
                    house.keeper.kill()
                    house.keeper.wait()
                    until(lambda: not alive(before), what="what served to end")  # noqa: B023
                    house.start()
        ok = streams.ok
        until(lambda: streams.ok > ok + 5, what="streams to go well again")
    finally:
        streams.end()
        house.stop()
        for endpoint in endpoints:
            endpoint.close()
    return streams


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


@pytest.mark.slow
def test_killed_in_the_middle_of_streams(tmp_path: Path) -> None:
    """200 times in `make test-all`."""
    rounds = int(os.environ.get("KILL_ROUNDS", "30"))
    streams = kill_rounds(tmp_path, rounds, seed=16)
    assert streams.wrong == []
    assert streams.ok > rounds


@pytest.mark.slow
def test_one_that_dies_with_a_full_log_is_started_again(tmp_path: Path) -> None:
    """Its pipe ends after its process: what is in it is read first, in more than one piece."""
    house = House(tmp_path)
    house.start()
    try:
        assert house.keeper is not None
        before = house.pid
        house.keeper.send_signal(signal.SIGSTOP)
        for _ in range(1_000):
            house.ask("GET", "/health")
        time.sleep(0.6)  # until it has written the lines that it collected
        os.kill(before, signal.SIGKILL)
        until(lambda: not alive(before), what="what served to end")
        house.keeper.send_signal(signal.SIGCONT)
        until(lambda: house.pid != before, what="another process to serve")
        until(lambda: house.ask("GET", "/health").status == 200, what="an answer")
    finally:
        house.stop()
    assert house.log().endswith("stopped\n")


def stream_of(house: House, wire: Wire, n: int = 40) -> None:
    wire.send("POST", "/v1/chat/completions", {"model": "demo", "stream": True, "n": n, "gap": 0.03})
    until(lambda: b"data: " in wire.socket.recv(65_536, socket.MSG_PEEK), what="the stream to begin")


def test_a_stop_lets_what_has_begun_end(tmp_path: Path, upstream: FakeUpstream) -> None:
    house = House(tmp_path)
    house.start()
    house.serve(member("demo", upstream.base_url))
    assert house.keeper is not None
    with house.connection() as wire, house.connection() as idle:
        stream_of(house, wire)
        house.keeper.send_signal(signal.SIGTERM)
        assert idle.socket.recv(1) == b""  # what does nothing is closed at once
        with pytest.raises(OSError):  # and nothing new is let in
            house.ask("GET", "/health")
        answer = wire.answer()
    assert (answer.whole, answer.events[-1]) == (True, "[DONE]")
    assert house.keeper.wait(10) == 0


def test_a_reload_to_another_port_listens_there_first(tmp_path: Path, upstream: FakeUpstream) -> None:
    house = House(tmp_path)
    before, after = house.port, free_port()
    config = house.paths.config / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(f"[gateway]\nport = {before}\n")
    house.start_as_configured()
    house.serve(member("demo", upstream.base_url))
    try:
        with house.connection() as wire:
            stream_of(house, wire)
            config.write_text(f"[gateway]\nport = {after}\n")
            assert house.keeper is not None
            house.keeper.send_signal(signal.SIGHUP)
            open_ports = []
            deadline = time.monotonic() + 30
            while not open_ports or open_ports[-1] != (False, True):
                assert time.monotonic() < deadline
                open_ports.append((listens(before), listens(after)))
            assert (False, False) not in open_ports
            answer = wire.answer()
        assert (answer.whole, answer.events[-1]) == (True, "[DONE]")
        house.port = after
        assert house.chat().status == 200
    finally:
        house.stop()


def listens(port: int) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0
