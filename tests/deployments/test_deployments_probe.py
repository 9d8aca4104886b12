"""Asking a backend: one small piece of work by task, and every kind of bad answer told in words."""

from __future__ import annotations

import io
import json
import threading
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from hostile_house import CLOCK, free_port

from modelscan.model import Task
from modelscan.targets.local.health.probe import Endpoint, ProbeFailed, silence

Answer = tuple[int, bytes]
SSE_CHAT = b"".join(
    b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"
    for choice in (
        {"delta": {"role": "assistant", "content": ""}},
        {"delta": {"reasoning": "hm"}},
        {"delta": {"content": "hi"}},
    )
)


@contextmanager
def backend(answer: Callable[[str, bytes, dict[str, str]], Answer]) -> Iterator[Endpoint]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, said = answer(self.path, body, dict(self.headers))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(said)

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Endpoint(server.server_port, "demo", "sk-key", CLOCK)
        finally:
            server.shutdown()
            thread.join()


def test_chat_is_streamed_timed_and_sends_the_key() -> None:
    def answer(path: str, body: bytes, headers: dict[str, str]) -> Answer:
        assert path == "/v1/chat/completions"
        assert headers["authorization"] == "Bearer sk-key"
        assert json.loads(body)["stream"] is True
        return 200, SSE_CHAT + b": a comment\n\ndata: [DONE]\n\n"

    with backend(answer) as endpoint:
        generated = endpoint.generate("chat", 5)
    assert generated.ttft_ms is not None


def test_without_a_chat_template_completions_do() -> None:
    def answer(path: str, body: bytes, headers: dict[str, str]) -> Answer:
        if "chat" in path:
            return 400, b'{"message": "no chat template"}'
        return 200, b'data: {"choices": [{"text": "x", "finish_reason": "length"}]}\n\ndata: [DONE]\n\n'

    with backend(answer) as endpoint:
        assert endpoint.generate("chat", 5).ttft_ms is not None


def test_an_answer_that_ends_at_once_is_a_generation() -> None:
    stream = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
    with backend(lambda *_: (200, stream)) as endpoint:
        assert endpoint.generate("chat", 5).ttft_ms is None


TASKS: list[tuple[Task, str, object]] = [
    ("embed", "/v1/embeddings", {"data": [{"embedding": [0.0]}]}),
    ("rerank", "/v1/rerank", {"results": [{"index": 0}]}),
    ("text-to-image", "/v1/images/generations", {"data": [{"b64_json": "iVBORw0KGgo="}]}),
    ("text-to-video", "/v1/models", {"data": []}),
]


@pytest.mark.parametrize(("task", "path", "document"), TASKS)
def test_each_task_asks_for_its_own_work(task: Task, path: str, document: object) -> None:
    asked = []

    def answer(where: str, body: bytes, headers: dict[str, str]) -> Answer:
        asked.append(where)
        return 200, json.dumps(document).encode()

    with backend(answer) as endpoint:
        endpoint.generate(task, 5)
    assert asked == [path]


def test_a_reranker_without_the_route_is_asked_for_a_score() -> None:
    def answer(path: str, body: bytes, headers: dict[str, str]) -> Answer:
        return (200, b'{"data": [{"score": 0.1}]}') if path == "/score" else (404, b"")

    with backend(answer) as endpoint:
        endpoint.generate("rerank", 5)


def test_speech_is_half_a_second_of_silence_in_a_form() -> None:
    seen = []

    def answer(path: str, body: bytes, headers: dict[str, str]) -> Answer:
        seen.append((headers["content-type"], body))
        return 200, b'{"text": ""}'

    with backend(answer) as endpoint:
        endpoint.generate("speech-to-text", 5)
    ((kind, body),) = seen
    assert kind == "multipart/form-data; boundary=modelscan-probe"
    assert silence() in body
    assert b'name="language"\r\n\r\nen\r\n' in body
    assert body.endswith(b"\r\n--modelscan-probe--\r\n")
    with wave.open(io.BytesIO(silence())) as sound:
        assert (sound.getnframes(), sound.getframerate(), sound.getnchannels()) == (8000, 16000, 1)


@pytest.mark.parametrize(
    ("task", "status", "said", "reason"),
    [
        ("chat", 500, b"boom", "/v1/chat/completions returned 500: boom"),
        ("embed", 500, b'{"error": {"message": "no\\nkernel"}}', "/v1/embeddings returned 500: no kernel"),
        ("embed", 404, b'{"detail": "Not Found"}', "/v1/embeddings returned 404: Not Found"),
        ("embed", 422, b'{"detail": [{"loc": 1}]}', '/v1/embeddings returned 422: {"detail": [{"loc": 1}]}'),
        ("embed", 501, b'{"message": "' + b"x" * 400 + b'"}', "/v1/embeddings returned 501: " + "x" * 300),
        ("text-to-image", 200, b'{"data": []}', "the response has no image"),
        ("rerank", 200, b"{}", "the response has no ranking"),
        ("chat", 200, b"data: [DONE]\n\n", "the response has no generated text"),
        ("chat", 200, b'data: {"error": "oom"}\n\n', "the response is an error: oom"),
        ("chat", 200, b"data: {oops\n\n", "the response is not valid JSON"),
        ("embed", 200, b"[]", "the response has no embedding"),
        ("embed", 200, b"<html>", "the response is not valid JSON"),
        ("speech-to-text", 200, b"{}", "the response has no transcription"),
    ],
)
def test_bad_answers_are_told_in_words(task: Task, status: int, said: bytes, reason: str) -> None:
    with backend(lambda *_: (status, said)) as endpoint, pytest.raises(ProbeFailed) as failed:
        endpoint.generate(task, 5)
    assert failed.value.reason == reason


def test_nobody_there() -> None:
    endpoint = Endpoint(free_port(), "demo", None, CLOCK)
    assert not endpoint.is_healthy("/health", 1)
    assert not endpoint.serves_one_of(["demo"], 1)
    with pytest.raises(ProbeFailed, match="Connection refused"):
        endpoint.generate("chat", 1)


def test_the_names_it_serves() -> None:
    with backend(lambda *_: (200, b'{"data": [{"id": "demo"}]}')) as endpoint:
        assert endpoint.serves_one_of(["demo", "lab/demo"], 1)
        assert not endpoint.serves_one_of(["other"], 1)
