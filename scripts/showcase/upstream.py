"""What answers for models that are not there: a text, a word at a time, as the OpenAI API streams it."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_ANSWERS = {
    "qwen3-8b": (
        130,
        (
            "Memory bandwidth sets the pace of decoding. Every new token reads all the weights once, so a GPU with "
            "3.35 TB/s and 16 GB of weights cannot go beyond about 200 tokens a second, however fast it multiplies.\n\n"
            "A batch changes that: the same read of the weights serves every request in it, until the KV cache is full."
        ),
    ),
    "openai/gpt-5-mini": (
        75,
        (
            "During decoding a model produces one token at a time, and each step has to stream the full set of weights "
            "from memory. The arithmetic is small by comparison, so memory bandwidth is the limit.\n\n"
            "Batching helps because one pass over the weights is shared by many requests."
        ),
    ),
}


class Storyteller:
    """Listens on 127.0.0.1; `port` is its port."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        self._answer(json.dumps({"data": []}).encode(), "application/json")

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        pace, text = _ANSWERS.get(asked["model"], next(iter(_ANSWERS.values())))
        words = [f"{word} " for word in text.split(" ")]
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        time.sleep(6 / pace)
        for word in words:
            self._event({"choices": [{"index": 0, "delta": {"content": word}}]})
            time.sleep(1.4 / pace)
        usage = {"prompt_tokens": 21, "completion_tokens": round(len(words) * 1.4)}
        self._event({"choices": [], "usage": usage})
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def _event(self, document: object) -> None:
        self.wfile.write(f"data: {json.dumps(document)}\n\n".encode())
        self.wfile.flush()

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
