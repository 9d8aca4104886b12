"""Ollama: its list of tags, what it has in memory, its pulls, and the OpenAI routes. Facts: ollama/ollama, docs/api."""

from __future__ import annotations

import contextlib
import copy
import json
import select
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

_DETAILS = {"format": "gguf", "family": "llama", "parameter_size": "134.52M", "quantization_level": "F16"}
TAGS = [
    {"name": "smollm2:135m", "size": 270_898_672, "details": _DETAILS, "capabilities": ["completion", "tools"]},
    {"name": "nomic-embed-text:latest", "size": 274_302_450, "details": {**_DETAILS, "family": "nomic-bert"}},
    {
        "name": "llava:latest",
        "size": 4_733_363_377,
        "details": {**_DETAILS, "quantization_level": "Q4_0", "context_length": 32_768},
        "capabilities": ["completion", "vision"],
    },
    {"name": "gpt-oss:120b-cloud", "size": 384, "details": _DETAILS},
    {"name": "mine:latest", "size": 384, "details": _DETAILS, "remote_host": "https://ollama.com"},
]
IN_REGISTRY = {
    "qwen3:0.6b": {
        "size": 522_653_767,
        "digest": "7df6b6e09427",
        "details": {**_DETAILS, "family": "qwen3", "quantization_level": "Q4_K_M"},
        "capabilities": ["completion", "tools", "thinking"],
    },
    "all-minilm:latest": {
        "size": 45_960_996,
        "digest": "1b226e2802db",
        "details": {**_DETAILS, "family": "bert"},
        "capabilities": ["embedding"],
    },
}
_LAYERS = 4


class FakeOllama:
    """`requests` are the path and the JSON body of each request, `loaded` what is in memory, by name.

    `pull_pause` is the time between two lines of a pull, `load_pause` that of a load, both in seconds; `on_gpu` the share of a loaded model that is on
    GPUs, `refuses` what it says instead of loading; a pull that `breaks` ends in an error after its first layer.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[str, Any]] = []
        self.tags: list[dict[str, Any]] = copy.deepcopy(TAGS)
        self.loaded: dict[str, dict[str, Any]] = {}
        self.pull_pause = self.load_pause = 0.0
        self.on_gpu = 1.0
        self.refuses: str | None = None
        self.breaks = False
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.kept = self
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def tag(self, name: str) -> dict[str, Any] | None:
        return next((item for item in self.tags if item["name"] == _whole(name)), None)

    def load(self, name: str) -> None:
        size = next(int(item["size"]) for item in self.tags if item["name"] == name) + 2**28
        self.loaded[name] = {"name": name, "size": size, "size_vram": int(size * self.on_gpu), "context_length": 4096}

    def asked(self, *paths: str) -> list[tuple[str, Any]]:
        """What changed something, or the requests of these paths."""
        watched = paths or ("/api/pull", "/api/generate", "/api/embed", "/api/delete")
        return [(path, body) for path, body in self.requests if path in watched]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    kept: FakeOllama


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        self.server.kept.requests.append((self.path, None))
        listed = [{"id": item["name"], "object": "model", "owned_by": "library"} for item in self.server.kept.tags]
        known: dict[str, Any] = {
            "/api/tags": {"models": self.server.kept.tags},
            "/api/ps": {"models": list(self.server.kept.loaded.values())},
            "/api/version": {"version": "0.12.3"},
            "/v1/models": {"object": "list", "data": listed},
        }
        self._say(200 if self.path in known else 404, known.get(self.path, {}))

    def do_POST(self) -> None:
        body = self._body()
        if self.path == "/api/pull":
            self._pull(_whole(body["model"]))
            return
        found = self.server.kept.tag(body["model"])
        if found is None:
            said = f"model '{body['model']}' not found"
            in_openai_s_form = {"message": said, "type": "not_found_error", "code": None, "param": None}
            self._say(404, {"error": said if self.path.startswith("/api/") else in_openai_s_form})
        elif self.path == "/api/show":
            shown = {"details": found["details"], "capabilities": found.get("capabilities", ["completion"])}
            self._say(200, {"modelfile": "", "model_info": {}, **shown})
        elif self.path in {"/api/generate", "/api/embed"}:
            self._load(found, body)
        elif body.get("stream"):
            self._stream(body["model"])
        else:
            self._say(200, {"model": body["model"], "choices": [{"message": {"content": "hi"}}]})

    def do_DELETE(self) -> None:
        found = self.server.kept.tag(self._body()["model"])
        if found is None:
            self._say(404, {"error": "model not found"})
            return
        self.server.kept.tags.remove(found)
        self.server.kept.loaded.pop(found["name"], None)
        self._say(200, None)

    def _load(self, found: dict[str, Any], body: Any) -> None:
        name = found["name"]
        if body.get("keep_alive") == 0:
            self.server.kept.loaded.pop(name, None)
            self._say(200, {"model": name, "response": "", "done": True, "done_reason": "unload"})
        elif self.path == "/api/generate" and "completion" not in found.get("capabilities", ["completion"]):
            self._say(400, {"error": f'"{name}" does not support generate'})
        elif self.server.kept.refuses is not None:
            self._say(500, {"error": self.server.kept.refuses})
        else:
            time.sleep(self.server.kept.load_pause)
            if self._has_left():
                return
            self.server.kept.load(name)
            done = {"response": "", "done": True, "done_reason": "load"}
            self._say(200, {"model": name, **(done if self.path == "/api/generate" else {"embeddings": [[0.1]]})})

    def _has_left(self) -> bool:
        """Ollama ends a load that nobody waits for."""
        ready, _, _ = select.select([self.connection], [], [], 0)
        return bool(ready) and not self.connection.recv(1, socket.MSG_PEEK)

    def _pull(self, name: str) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/x-ndjson")
        self.send_header("connection", "close")
        self.end_headers()
        self._line({"status": "pulling manifest"})
        found = IN_REGISTRY.get(name)
        if found is None:
            self._line({"error": "pull model manifest: file does not exist"})
            return
        size: int = found["size"]  # type: ignore[assignment]
        for layer in range(_LAYERS + 1):
            layer_of = {"digest": f"sha256:{found['digest']}", "total": size}
            self._line({"status": f"pulling {found['digest']}", **layer_of, "completed": size * layer // _LAYERS})
            if self.server.kept.breaks and layer == 1:
                self._line({"error": "max retries exceeded: connection reset by peer"})
                return
            time.sleep(self.server.kept.pull_pause)
        for status in ("verifying sha256 digest", "writing manifest", "success"):
            if status == "success":
                self.server.kept.tags.append({"name": name, **found})
            self._line({"status": status})

    def _stream(self, model: str) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for text, reason in (("hi", None), ("", "stop")):
            choice = {"index": 0, "delta": {"content": text}, "finish_reason": reason}
            event = json.dumps({"model": model, "choices": [choice]})
            self.wfile.write(f"data: {event}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def _line(self, document: Any) -> None:
        self.close_connection = True
        self.wfile.write(json.dumps(document).encode() + b"\n")
        self.wfile.flush()

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # a client that leaves
            super().handle()

    def _body(self) -> Any:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.kept.requests.append((self.path, body))
        return body

    def _say(self, status: int, document: Any) -> None:
        content = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _whole(name: str) -> str:
    return name if ":" in name else f"{name}:latest"


@pytest.fixture
def ollama(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[FakeOllama]:
    """One that commands take for the user's own."""
    made = FakeOllama()
    monkeypatch.setenv("OLLAMA_HOST", f"0.0.0.0:{made.port}")
    yield made
    made.close()
