"""Hugging Face's search, answered on this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from modelscan.catalog.sources.hub import model_in_list
from modelscan.errors import SourceUnavailable
from modelscan.hubs.huggingface.search import HubEntry, search_hub
from modelscan.system.http import Http

THING = {
    "id": "Lab/Thing-8B-Instruct-AWQ",
    "pipeline_tag": "text-generation",
    "tags": ["transformers", "license:apache-2.0", 7],
    "safetensors": {"total": 8_030_261_248, "parameters": {"BF16": 8_030_261_248}},
    "downloads": 12,
    "createdAt": "2026-01-05T10:00:00.000Z",
    "lastModified": "2026-02-05T10:00:00.000Z",
}


class Hub:
    def __init__(self) -> None:
        self.answer: bytes = b"[]"
        self.status = 200
        self.asked: list[tuple[str, dict[str, list[str]], str | None]] = []
        self.endpoint = ""


@pytest.fixture
def searched() -> Iterator[Hub]:
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            hub.asked.append((address.path, parse_qs(address.query), self.headers.get("authorization")))
            self.send_response(hub.status)
            self.send_header("content-length", str(len(hub.answer)))
            self.end_headers()
            self.wfile.write(hub.answer)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield hub
    server.shutdown()
    server.server_close()


def test_the_hubs_list_is_asked_for_and_read(searched: Hub) -> None:
    searched.answer = json.dumps([THING, {"id": 3}, "x", {"id": "a/b", "safetensors": [], "tags": None}]).encode()
    environ = {"HF_ENDPOINT": searched.endpoint, "HF_TOKEN": "hf_secret"}
    found = search_hub("thing 8b", limit=5, environ=environ, http=Http())
    assert found[0] == HubEntry(
        repo_id="Lab/Thing-8B-Instruct-AWQ",
        kind="text-generation",
        tags=("transformers", "license:apache-2.0"),
        parameters=8_030_261_248,
        downloads=12,
        created_at="2026-01-05T10:00:00.000Z",
        updated_at="2026-02-05T10:00:00.000Z",
    )
    assert found[1] == HubEntry(repo_id="a/b")
    ((path, query, token),) = searched.asked
    assert (path, query["search"], query["limit"], query["sort"]) == ("/api/models", ["thing 8b"], ["5"], ["downloads"])
    assert set(query["expand"]) >= {"safetensors", "pipeline_tag", "tags"}
    assert token == "Bearer hf_secret"


@pytest.mark.parametrize(("status", "answer"), [(200, b"<html>"), (200, b"{}"), (503, b""), (200, b"[" * 100_000)])
def test_what_is_no_list_is_a_source_that_is_away(searched: Hub, status: int, answer: bytes) -> None:
    searched.status, searched.answer = status, answer
    with pytest.raises(SourceUnavailable):
        search_hub("x", limit=1, environ={"HF_ENDPOINT": searched.endpoint}, http=Http())


def test_an_entry_of_the_list_becomes_a_model() -> None:
    model = model_in_list(
        HubEntry(
            repo_id="Lab/Thing-8B-Instruct-AWQ", kind="text-generation", tags=("license:apache-2.0",), parameters=8_000_000_000,
            created_at="2026-01-05T10:00:00.000Z",
        )
    )  # fmt: skip
    assert (model.id, model.task, model.license, model.release_date) == (
        "lab/thing-8b-instruct-awq", "chat", "apache-2.0", "2026-01-05",
    )  # fmt: skip
    assert (model.weights[0].quantization, model.weights[0].verified) == ("AWQ", True)


@pytest.mark.parametrize(
    ("kind", "task"),
    [
        ("feature-extraction", "embed"),
        ("automatic-speech-recognition", "speech-to-text"),
        ("robotics", "other"),
        (None, "chat"),
    ],
)
def test_tasks(kind: str | None, task: str) -> None:
    assert model_in_list(HubEntry(repo_id="lab/x", kind=kind)).task == task


def test_nothing_harmful_of_the_hub_reaches_a_terminal() -> None:
    model = model_in_list(HubEntry(repo_id="lab/x\x1b[31m\u202e", tags=("license:\x1b]0;x\x07mit",)))
    assert model.weights[0].repo_id == "lab/x[31m"
    assert model.license == "]0;xmit"
