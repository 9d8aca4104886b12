"""Ollama as the gateway and `model add` see it: its list of tags, and the OpenAI routes. Facts: ollama/ollama, docs/api."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

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


class FakeOllama:
    """`requests` are the path and the JSON body of each request."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, Any]] = []
        self.tags = TAGS
        kept = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None: ...

            def do_GET(self) -> None:
                kept.requests.append((self.path, None))
                listed = [{"id": item["name"], "object": "model", "owned_by": "library"} for item in kept.tags]
                known = {"/api/tags": {"models": kept.tags}, "/v1/models": {"object": "list", "data": listed}}
                self._say(200 if self.path in known else 404, known.get(self.path, {}))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                kept.requests.append((self.path, body))
                names = {item["name"] for item in kept.tags}
                if body["model"] not in names and f"{body['model']}:latest" not in names:
                    said = {"message": f"model '{body['model']}' not found", "type": "not_found_error", "code": None}
                    self._say(404, {"error": {**said, "param": None}})
                    return
                self._say(200, {"model": body["model"], "choices": [{"message": {"content": "hi"}}]})

            def _say(self, status: int, document: Any) -> None:
                content = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
