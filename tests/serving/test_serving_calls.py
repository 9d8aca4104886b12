"""Calls: none beside another where a class is not thread-safe, and none for a client that left."""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from tests.serving.conftest import Serve, wait_until
from tests.serving.fakes import Letters, OneAtATime, Slow

BODY = {"model": "slow", "messages": [{"role": "user", "content": "x"}]}


def leave(client: httpx.Client, slow: Slow, body: dict[str, Any]) -> float:
    """Ask, and close the connection once the handler is at work; when that was."""
    content = json.dumps(body).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", client.base_url.port)) as connection:
        connection.sendall(head.encode() + content)
        assert slow.started.wait(30)
        return time.monotonic()


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_ends_within_a_fifth_of_a_second_after_its_client_left(serve: Serve, *, stream: bool) -> None:
    slow = Slow()
    with serve({"slow": ("chat", slow)}) as client:
        left = leave(client, slow, {**BODY, "stream": stream})
        wait_until(lambda: slow.cancelled_at is not None)
        assert slow.cancelled_at is not None
        assert slow.cancelled_at - left < 0.2
        wait_until(lambda: "handlers_requests_running 0" in client.get("/metrics").text)


def test_calls_of_a_class_that_is_not_thread_safe_do_not_overlap(serve: Serve) -> None:
    slow = Slow(steps=5)
    with serve({"slow": ("chat", slow)}) as client, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: client.post("/v1/chat/completions", json=BODY), range(4)))
    assert {answer.status_code for answer in answers} == {200}
    spans = sorted(slow.spans)
    assert all(ended <= begun for (_, ended), (begun, _) in itertools.pairwise(spans))


@pytest.mark.parametrize(
    ("task", "path", "body"),
    [
        ("embed", "/v1/embeddings", {"model": "one", "input": [[1, 2], "a"]}),
        ("rerank", "/v1/rerank", {"model": "one", "query": "a", "documents": ["a", "b"]}),
        ("rerank", "/score", {"model": "one", "text_1": ["a", "b"], "text_2": ["a", "b"]}),
    ],
)
def test_nor_does_what_is_asked_of_it_beside(serve: Serve, task: str, path: str, body: dict[str, Any]) -> None:
    """Making text of tokens and counting them, too."""
    one = OneAtATime()
    with serve({"one": (task, one)}) as client, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: client.post(path, json=body), range(4)))
    assert [(answer.status_code, answer.json()["usage"]["prompt_tokens"] > 1) for answer in answers] == [
        (200, True)
    ] * 4
    spans = sorted(one.spans)
    assert len(spans) >= 8
    assert all(ended <= begun for (_, ended), (begun, _) in itertools.pairwise(spans))


@pytest.mark.parametrize(("limit", "most"), [(2, 2), (None, 4)])
def test_those_of_one_that_is_go_as_far_as_it_allows(serve: Serve, limit: int | None, most: int) -> None:
    slow = Slow(steps=30)
    slow.thread_safe = True  # type: ignore[attr-defined]
    slow.max_parallelism = limit  # type: ignore[attr-defined]
    with serve({"slow": ("chat", slow)}) as client, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: client.post("/v1/chat/completions", json=BODY), range(4)))
    at_once = [sum(begun <= at < ended for begun, ended in slow.spans) for at, _ in slow.spans]
    assert max(at_once) == most


def test_who_leaves_while_waiting_is_never_called(serve: Serve) -> None:
    slow = Slow()
    with serve({"slow": ("chat", slow)}) as client, ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.post, "/v1/chat/completions", json=BODY)
        assert slow.started.wait(30)
        with socket.create_connection(("127.0.0.1", client.base_url.port)) as connection:
            content = json.dumps(BODY).encode()
            head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
            connection.sendall(head.encode() + content)
            wait_until(lambda: "handlers_requests_waiting 1" in client.get("/metrics").text)
        wait_until(lambda: "handlers_requests_waiting 0" in client.get("/metrics").text)
        assert "handlers_requests_running 1" in client.get("/metrics").text
        slow.steps = 0
        assert first.result().status_code == 200
    assert len(slow.spans) == 1


def test_a_full_queue_says_so(serve: Serve) -> None:
    slow = Slow()
    with serve({"slow": ("chat", slow)}, most_waiting=1) as client, ThreadPoolExecutor(2) as pool:
        pool.submit(client.post, "/v1/chat/completions", json=BODY)
        assert slow.started.wait(30)
        pool.submit(client.post, "/v1/chat/completions", json=BODY)
        wait_until(lambda: "handlers_requests_waiting 1" in client.get("/metrics").text)
        refused = client.post("/v1/chat/completions", json=BODY)
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "queue_full")
        assert refused.headers["retry-after"] == "1"
        slow.steps = 0


def test_the_work_of_a_call_can_be_seen_from_outside(serve: Serve) -> None:
    slow = Slow()
    with serve({"slow": ("chat", slow)}) as client, ThreadPoolExecutor(1) as pool:
        pool.submit(client.post, "/v1/chat/completions", json=BODY)
        assert slow.started.wait(30)

        def work() -> float:
            return float(client.get("/metrics").text.split("handlers_work_total ")[1])

        before = work()
        wait_until(lambda: work() > before)
        slow.steps = 0


def test_a_class_that_takes_no_event_is_taken_to_work(serve: Serve) -> None:
    class Plain:
        dim = 1

        def __init__(self) -> None:
            self.go = threading.Event()

        def embed(self, texts: list[str]) -> list[list[float]]:
            self.go.wait(30)
            return [[1.0] for _ in texts]

        def count_tokens(self, texts: list[str]) -> int:
            return len(texts)

    plain = Plain()
    with serve({"plain": ("embed", plain)}) as client, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.post, "/v1/embeddings", json={"model": "plain", "input": "a"})
        wait_until(lambda: "handlers_requests_running 1" in client.get("/metrics").text)
        seen = {client.get("/metrics").text for _ in range(3)}
        plain.go.set()
        assert asked.result().json()["data"][0]["embedding"] == [1.0]
    assert len(seen) == 3


def test_health_says_how_far_loading_is_and_nothing_is_served_before(serve: Serve) -> None:
    go = threading.Event()

    def second() -> Letters:
        assert go.wait(30)
        return Letters()

    with serve({"one": ("embed", Letters()), "two": ("embed", second)}, ready=False) as client:
        wait_until(lambda: client.get("/health").json()["loaded"] == 1)
        answer = client.get("/health")
        assert (answer.status_code, answer.json()) == (
            503,
            {"status": "loading", "loaded": 1, "of": 2, "loading": "two"},
        )
        early = client.post("/v1/embeddings", json={"model": "one", "input": "a"})
        assert (early.status_code, early.json()["error"]["code"]) == (503, "loading")
        go.set()
        wait_until(lambda: client.get("/health").status_code == 200)


def test_every_route_but_health_wants_the_key(serve: Serve) -> None:
    with serve({"one": ("embed", Letters())}, key="a key") as client:
        for headers in ({"authorization": ""}, {"authorization": "Bearer another"}, {"authorization": "Basic a key"}):
            for path in ("/v1/models", "/metrics", "/nothing"):
                refused = client.get(path, headers=headers)
                assert (refused.status_code, refused.json()["error"]["type"]) == (401, "authentication_error")
            assert (
                client.post("/v1/embeddings", json={"model": "one", "input": "a"}, headers=headers).status_code == 401
            )
            assert client.get("/health", headers=headers).status_code == 200
        assert client.get("/v1/models").status_code == 200


def test_a_body_is_no_larger_than_it_may_be_with_and_without_a_length(serve: Serve) -> None:
    with serve({"one": ("embed", Letters())}, most_body_bytes=1000) as client:
        large = {"model": "one", "input": "a" * 2000}
        assert client.post("/v1/embeddings", json=large).status_code == 413
        parts = (json.dumps(large).encode()[at : at + 100] for at in range(0, 2100, 100))
        chunked = client.post("/v1/embeddings", content=parts, headers={"content-type": "application/json"})
        assert (chunked.status_code, chunked.json()["error"]["message"]) == (
            413,
            "The request is larger than 1000 bytes.",
        )
