"""Endpoints that refuse, die, hang or answer nonsense; clients that leave; bodies and heads that are too much."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from pathlib import Path

import pytest
from fake_upstream import FakeUpstream
from gateway_house import House, free_port, member, request, until


def refusing() -> str:
    return f"http://127.0.0.1:{free_port()}"


def test_a_refused_connection_leads_to_another_of_the_name(house: House, upstream: FakeUpstream) -> None:
    house.serve(member("gone", refusing()), member("b", upstream.base_url), names={"both": ("gone", "b")})
    assert [house.chat("both").status for _ in range(5)] == [200] * 5
    assert len(upstream.requests) == 5


def test_then_to_its_fallbacks_in_order(house: House, upstream: FakeUpstream) -> None:
    house.serve(
        member("demo", refusing()),
        member("second", refusing()),
        member("third", upstream.base_url),
        fallbacks={"demo": ("unknown", "second", "third")},
    )
    answer = house.chat()
    assert (answer.status, answer.headers["x-modelscan-deployment"]) == (200, "third")
    assert json.loads(upstream.requests[-1][3])["model"] == "third"


def test_a_fallback_also_where_the_endpoint_is_overloaded(
    house: House, upstream: FakeUpstream, other: FakeUpstream
) -> None:
    house.serve(member("demo", upstream.base_url), member("b", other.base_url), fallbacks={"demo": ("b",)})
    assert house.chat(do="status", status=503).json["error"]["message"] == "upstream says no"
    assert (len(upstream.requests), len(other.requests)) == (1, 1)
    assert house.chat(do="status", status=400).status == 400
    assert len(other.requests) == 1


def test_nothing_left_to_try(house: House) -> None:
    house.serve(member("demo", refusing()))
    answer = house.chat()
    assert answer.status == 502
    assert answer.json["error"]["message"] == "`demo` cannot be reached: connection refused"
    assert answer.json["error"]["code"] == "upstream_unreachable"


def test_a_deployment_that_does_not_run(house: House, upstream: FakeUpstream) -> None:
    house.serve(member("demo", upstream.base_url, status="failed", last_error="it ran out of memory"))
    answer = house.chat()
    assert answer.status == 503
    assert answer.json["error"]["message"] == "`demo` is failed: it ran out of memory"
    assert answer.headers["retry-after"] == "5"


def test_connections_are_kept(house: House, upstream: FakeUpstream) -> None:
    for number in range(20):
        assert house.chat(stream=number % 2 == 0).status == 200
    assert upstream.connections == 1


def test_a_kept_connection_that_the_endpoint_closed_is_made_anew(house: House, upstream: FakeUpstream) -> None:
    for _ in range(5):
        assert house.chat().status == 200
        upstream.drop_from_outside()
    assert len(upstream.requests) == 5


def test_an_endpoint_that_had_the_request_when_it_died_is_not_replaced(
    house: House, upstream: FakeUpstream, other: FakeUpstream
) -> None:
    house.serve(member("a", upstream.base_url), member("b", other.base_url), names={"both": ("a", "b")})
    answer = house.chat("both", do="die-early")
    assert answer.status == 502
    assert answer.json["error"]["code"] == "upstream_died"
    assert len(upstream.requests) + len(other.requests) == 1


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_a_stream_that_breaks_off_ends_with_an_error(house: House, path: str) -> None:
    answer = house.ask("POST", path, {"model": "demo", "do": "die", "n": 10})
    assert answer.status == 200
    *tokens, error = answer.events
    assert len(tokens) == 3
    assert error["error"]["code"] == "upstream_died"
    assert "[DONE]" not in answer.body.decode()
    assert (b"event: error\n" in answer.body) == (path == "/v1/messages")


def test_a_stream_whose_end_is_that_of_the_connection(house: House) -> None:
    whole = house.chat(do="close")
    assert whole.events[-1] == "[DONE]"
    cut = house.chat(do="close", done=False)
    assert cut.events[-1]["error"]["code"] == "upstream_died"


def test_a_body_that_breaks_off_is_never_whole(house: House, upstream: FakeUpstream) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        house.serve(member("demo", f"http://127.0.0.1:{server.getsockname()[1]}"))
        with house.connection() as wire:
            wire.send("POST", "/v1/chat/completions", {"model": "demo"})
            made, _ = server.accept()
            made.recv(65_536)
            made.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this")
            until(lambda: True, what="")
            time.sleep(0.1)
            made.close()
            answer = wire.answer()
    assert (answer.status, answer.whole) == (200, False)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"not http at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: \x00\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"",
    ],
)
@pytest.mark.slow
def test_nonsense_from_an_endpoint_is_not_passed_on(house: House, nonsense: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        house.serve(member("demo", f"http://127.0.0.1:{server.getsockname()[1]}"))
        with house.connection() as wire:
            wire.send("POST", "/v1/chat/completions", {"model": "demo"})
            made, _ = server.accept()
            made.recv(65_536)
            made.sendall(nonsense)
            made.close()
            answer = wire.answer()
    assert answer.status == 502
    assert answer.json["error"]["code"] == "upstream_died"


def test_more_than_was_asked_for_does_not_reach_the_client(house: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        house.serve(member("demo", f"http://127.0.0.1:{server.getsockname()[1]}"))
        with house.connection() as wire:
            wire.send("POST", "/v1/chat/completions", {"model": "demo"})
            made, _ = server.accept()
            made.recv(65_536)
            made.sendall(
                b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged"
            )
            assert wire.answer().body == b"ok"
            wire.socket.settimeout(0.3)
            with pytest.raises(TimeoutError):
                wire.socket.recv(100)
            made.close()


def test_a_client_that_leaves_cancels_the_endpoint_s_work(house: House, upstream: FakeUpstream) -> None:
    for _ in range(20):
        with house.connection() as wire:
            wire.send("POST", "/v1/chat/completions", {"model": "demo", "stream": True, "n": 10_000})
            wire.socket.recv(100)
    until(lambda: upstream.left == 20, what="the endpoint to see its clients go", seconds=5)
    text = house.ask("GET", "/metrics").body.decode()
    assert 'modelscan_gateway_in_flight{deployment="demo"}' not in text


def test_a_slow_client_gets_all_of_it_and_costs_no_memory(house: House, upstream: FakeUpstream) -> None:
    size = 40_000_000
    before = resident(house.pid)
    with house.connection() as wire:
        wire.send("POST", "/v1/chat/completions", {"model": "demo", "do": "large", "n": size})
        time.sleep(0.5)
        assert resident(house.pid) - before < 20_000_000
        answer = wire.answer()
    assert (answer.whole, len(answer.body)) == (True, size)


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def test_a_body_beyond_the_limit(house: House, upstream: FakeUpstream) -> None:
    with house.connection() as wire:
        wire.socket.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 3000001\r\n\r\n")
        answer = wire.answer()
        assert (answer.status, answer.headers["connection"]) == (413, "close")
    with house.connection() as wire:
        wire.socket.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        piece = b"x" * 100_000
        for _ in range(31):
            wire.socket.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
        assert wire.answer().status == 413
    assert upstream.requests == []


def test_expect_100_continue(house: House, upstream: FakeUpstream) -> None:
    with house.connection() as wire:
        body = json.dumps({"model": "demo"}).encode()
        head = request("POST", "/v1/chat/completions", body, {"expect": "100-continue"})
        wire.socket.sendall(head[: -len(body)])
        assert wire.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.socket.sendall(body)
        assert wire.answer().status == 200


def test_pipelined_requests_are_answered_in_order(house: House, upstream: FakeUpstream) -> None:
    with house.connection() as wire:
        wire.socket.sendall(
            b"".join(
                request("POST", "/v1/chat/completions", {"model": "demo", "do": do, "stream": True, "id": number})
                for number, do in enumerate(["slow", "stream", "echo", "plain", "stream"])
            )
        )
        answers = [wire.answer() for _ in range(5)]
    assert [answer.status for answer in answers] == [200] * 5
    assert answers[1].events[0]["id"] == 1
    assert '"id": 2' in answers[2].json["body"]
    assert answers[4].events[0]["id"] == 4
    assert upstream.most_in_flight == 1


def test_a_client_of_http_1_0(house: House) -> None:
    with house.connection() as wire:
        body = json.dumps({"model": "demo", "stream": True}).encode()
        wire.socket.sendall(b"POST /v1/chat/completions HTTP/1.0\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        answer = wire.answer()
    assert "transfer-encoding" not in answer.headers
    assert answer.events[-1] == "[DONE]"


def test_a_head_in_single_bytes_and_one_that_never_ends(house: House, upstream: FakeUpstream) -> None:
    with house.connection() as wire:
        for byte in request("POST", "/v1/chat/completions", {"model": "demo"}):
            wire.socket.sendall(bytes([byte]))
        assert wire.answer().status == 200
    for line in (b"x-a: " + b"a" * 1_000_000, b"a" * 1_000_000, b"\r\n".join(b"x-%d: y" % n for n in range(100_000))):
        with house.connection() as wire:
            try:
                wire.socket.sendall(b"GET /v1/models HTTP/1.1\r\nhost: x\r\n" + line)
            except ConnectionError:
                continue
            assert wire.answer().status in {431, 400, 0}
    assert len(upstream.requests) == 1


@pytest.mark.parametrize(
    "head",
    [
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 17\r\ntransfer-encoding: chunked\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 17\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 17\r\ncontent-length: 17\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 17, 17\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: +17\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: xchunked\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding : chunked\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.0\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nhost: y\r\ncontent-length: 17\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 17\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\nhost: x\ncontent-length: 17\n\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n content-length: 17\r\n\r\n",
        b"POST http://other/v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 17\r\n\r\n",
        b"CONNECT other:443 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"TRACE / HTTP/1.1\r\nhost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
@pytest.mark.slow
def test_a_head_that_could_be_read_in_two_ways_reaches_nobody(
    house: House, upstream: FakeUpstream, head: bytes
) -> None:
    with house.connection() as wire:
        wire.socket.sendall(head + b'{"model": "demo"}' + request("POST", "/v1/completions", {"model": "demo"}))
        assert wire.answer().status >= 400
    time.sleep(0.05)
    assert upstream.requests == []


@pytest.mark.parametrize("begun", [True, False])
def test_a_client_that_leaves_is_passed_on_within_a_tenth_of_a_second(house: House, begun: bool) -> None:
    took = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        house.serve(member("demo", f"http://127.0.0.1:{server.getsockname()[1]}"))
        for _ in range(7):
            with house.connection() as wire:
                wire.send("POST", "/v1/chat/completions", {"model": "demo", "stream": True})
                made, _ = server.accept()
                made.recv(65_536)
                if begun:
                    made.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {}\n\n")
                    wire.socket.recv(100)
            left = time.monotonic()
            made.settimeout(5)
            with contextlib.suppress(ConnectionError):
                assert made.recv(100) == b""
            took.append(time.monotonic() - left)
            made.close()
    assert sorted(took)[3] < 0.1  # of seven: one may have met a busy moment


@pytest.mark.slow
def test_no_more_than_so_many_wait_for_one_name(tmp_path: Path, upstream: FakeUpstream) -> None:
    house = House(tmp_path, environ={"MODELSCAN_GATEWAY_QUEUE": "2", "MODELSCAN_GATEWAY_WAIT": "2"})
    house.start()
    try:
        house.serve(member("demo", upstream.base_url, max_parallelism=1))
        with contextlib.ExitStack() as stack:
            wires = [stack.enter_context(house.connection()) for _ in range(4)]
            for number, wire in enumerate(wires):
                wire.send("POST", "/v1/chat/completions", {"model": "demo", "do": "hang"})
                until(lambda: len(upstream.requests) == 1, what="the first to arrive")
                if number:
                    until(lambda: f'queue{{model="demo"}} {min(number, 2)}' in house.table_names(), what="it to wait")  # noqa: B023
            refused = wires[3].answer()
            assert (refused.status, refused.json["error"]["code"]) == (429, "queue_full")
            assert "retry-after" in refused.headers
            late = wires[1].answer()
            assert (late.status, late.json["error"]["code"], late.headers["retry-after"]) == (503, "not_ready", "30")
    finally:
        house.stop()


@pytest.mark.slow
def test_an_endpoint_that_says_nothing_is_given_up(tmp_path: Path, upstream: FakeUpstream) -> None:
    house = House(tmp_path, environ={"MODELSCAN_GATEWAY_ANSWER": "1"})
    house.start()
    try:
        house.serve(member("demo", upstream.base_url))
        answer = house.chat(do="hang")
        assert (answer.status, answer.json["error"]["message"]) == (
            504,
            "`demo` did not finish its answer: nothing came for 1 s",
        )
        begun = house.chat(stream=True, n=2, gap=5)
        assert (begun.status, begun.whole, begun.events[-1]["error"]["code"]) == (200, True, "upstream_died")
    finally:
        house.stop()
