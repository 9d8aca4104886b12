"""Probes a backend: does it respond, and does it generate. Blocking, with timeouts; standard library only."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any

from modelscan.dataclasses import dataclass
from modelscan.model import Task
from modelscan.system.clock import Clock

_HOST = "127.0.0.1"
_OK, _BAD_REQUEST, _NOT_FOUND = 200, 400, 404
_TOKENS = 16
_PROMPT = "Say hello."
_MEASURABLE_SECONDS = 0.01  # a small model's tokens come together in fewer pieces than it took steps
_LONGEST_ANSWER_BYTES = 8 * 1024**2
_LONGEST_REFUSAL_BYTES, _LONGEST_REASON = 16 * 1024, 300
# Nobody sends fewer pixels; `num_inference_steps` is an addition to OpenAI's fields.
_PICTURE = {"prompt": _PROMPT, "n": 1, "size": "64x64", "num_inference_steps": 1, "response_format": "b64_json"}
_BOUNDARY = "modelscan-probe"
_SAMPLE_RATE = 16_000


class ProbeFailed(Exception):
    """`status` is the HTTP status of a refusal; None when there was no answer that could be read."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


@dataclass(frozen=True, slots=True)
class Generated:
    """What a generation showed; None for tasks that do not stream."""

    ttft_ms: float | None = None
    tokens_per_second: float | None = None


class OverSocket(HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`socket` is where it listens instead of a port."""

    port: int
    model: str
    api_key: str | None
    clock: Clock
    socket: str | None = None

    @contextlib.contextmanager
    def _exchange(
        self, method: str, path: str, body: bytes | None, kind: str, timeout: float
    ) -> Iterator[HTTPResponse]:
        """One request; inside, the response is a 200, and every way to fail is ProbeFailed."""
        headers = {"content-type": kind} if kind else {}
        if self.api_key:
            headers["authorization"] = f"Bearer {self.api_key}"
        connection = (
            OverSocket(self.socket, timeout) if self.socket else HTTPConnection(_HOST, self.port, timeout=timeout)
        )
        try:
            connection.request(method, path, body, headers)
            with connection.getresponse() as response:
                if response.status != _OK:
                    answer = response.read(_LONGEST_REFUSAL_BYTES).decode("utf-8", "replace")
                    answer = answer.replace(self.api_key, "***") if self.api_key else answer
                    raise ProbeFailed(f"{path} returned {response.status}: {_why(answer)}", response.status)
                yield response
        except (OSError, HTTPException, ValueError) as error:
            raise ProbeFailed(f"{path}: {str(error) or type(error).__name__}") from error
        finally:
            connection.close()

    def get(self, path: str, timeout: float) -> bytes:
        """The body of a 200. Raises ProbeFailed."""
        with self._exchange("GET", path, None, "", timeout) as response:
            return response.read(_LONGEST_ANSWER_BYTES)

    def post(self, path: str, document: dict[str, Any], timeout: float) -> Any:
        """The JSON of a 200. Raises ProbeFailed."""
        body = json.dumps({"model": self.model, **document}).encode()
        with self._exchange("POST", path, body, "application/json", timeout) as response:
            return _parsed(response.read(_LONGEST_ANSWER_BYTES))

    def is_healthy(self, path: str, timeout: float) -> bool:
        try:
            self.get(path, timeout)
        except ProbeFailed:
            return False
        return True

    def serves_one_of(self, names: Sequence[str], timeout: float) -> bool:
        """Whether `/v1/models` lists one of these names."""
        try:
            document = _parsed(self.get("/v1/models", timeout))
            return any(entry.get("id") in names for entry in document["data"])
        except (ProbeFailed, KeyError, TypeError, AttributeError):
            return False

    def generate(self, task: Task, timeout: float) -> Generated:
        """One small request of the task's kind. Raises ProbeFailed."""
        match task:
            case "chat" | "completion":
                return self._text(task, timeout)
            case "embed":
                answer = self.post("/v1/embeddings", {"input": _PROMPT}, timeout)
                _require(_has(answer, "data", 0, "embedding"), "the response has no embedding")
            case "rerank":
                self._rerank(timeout)
            case "speech-to-text":
                self._transcribe(timeout)
            case "text-to-image":  # one step of the smallest picture
                answer = self.post("/v1/images/generations", _PICTURE, timeout)
                _require(_has(answer, "data", 0), "the response has no image")
            case _:  # no backend serves these, and speech or a video costs too much for a probe
                self.get("/v1/models", timeout)
        return Generated()

    def _text(self, task: Task, timeout: float) -> Generated:
        if task == "chat":
            try:
                return self._stream(
                    "/v1/chat/completions", {"messages": [{"role": "user", "content": _PROMPT}]}, timeout
                )
            except ProbeFailed as failed:
                if failed.status not in {_BAD_REQUEST, _NOT_FOUND}:
                    raise  # this is how servers report a model without a chat template
        return self._stream("/v1/completions", {"prompt": _PROMPT}, timeout)

    def _stream(self, path: str, document: dict[str, Any], timeout: float) -> Generated:
        body = {"model": self.model, "max_tokens": _TOKENS, "temperature": 0, "stream": True, **document}
        started = self.clock.monotonic()
        times: list[float] = []
        finished = False
        with self._exchange("POST", path, json.dumps(body).encode(), "application/json", timeout) as response:
            for event in _events(response):
                choice = _has(event, "choices", 0)
                finished = finished or bool(_has(choice, "finish_reason"))
                if _text_of(choice):
                    times.append(self.clock.monotonic())
        if not times:
            _require(finished, "the response has no generated text")
            return Generated()
        span = times[-1] - times[0]
        return Generated(
            ttft_ms=round((times[0] - started) * 1000, 1),
            tokens_per_second=round((len(times) - 1) / span, 1) if span >= _MEASURABLE_SECONDS else None,
        )

    def _rerank(self, timeout: float) -> None:
        try:
            answer = self.post("/v1/rerank", {"query": "greeting", "documents": [_PROMPT]}, timeout)
            _require(bool(answer), "the response has no ranking")
        except ProbeFailed as failed:
            if failed.status != _NOT_FOUND:
                raise
            answer = self.post("/score", {"text_1": "greeting", "text_2": _PROMPT}, timeout)
            _require(_has(answer, "data", 0) is not None, "the response has no score")

    def _transcribe(self, timeout: float) -> None:
        kind = f"multipart/form-data; boundary={_BOUNDARY}"
        body = _form(self.model, silence())
        with self._exchange("POST", "/v1/audio/transcriptions", body, kind, timeout) as response:
            answer = _parsed(response.read(_LONGEST_ANSWER_BYTES))
        _require(_has(answer, "text") is not None, "the response has no transcription")


def silence(seconds: float = 0.5) -> bytes:
    """A silent WAV file: 16 kHz, mono, 16 bit."""
    data = bytes(2 * int(_SAMPLE_RATE * seconds))
    form = struct.pack("<HHIIHH", 1, 1, _SAMPLE_RATE, _SAMPLE_RATE * 2, 2, 16)
    return _chunk(b"RIFF", b"WAVE" + _chunk(b"fmt ", form) + _chunk(b"data", data))


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data


def _form(model: str, audio: bytes) -> bytes:
    """With its language: silence has none to detect, and of a model for English alone vLLM asserts one (0.32)."""
    start = f"--{_BOUNDARY}\r\ncontent-disposition: form-data; name="
    return b"".join(
        (
            f'{start}"model"\r\n\r\n{model}\r\n'.encode(),
            f'{start}"language"\r\n\r\nen\r\n'.encode(),
            f'{start}"file"; filename="probe.wav"\r\ncontent-type: audio/wav\r\n\r\n'.encode(),
            audio,
            f"\r\n--{_BOUNDARY}--\r\n".encode(),
        )
    )


def _events(response: HTTPResponse) -> Iterator[Any]:
    """The documents of a stream of server-sent events, until `[DONE]`. Raises ProbeFailed for an error in it."""
    for line in response:
        if not line.startswith(b"data:"):
            continue
        data = line.removeprefix(b"data:").strip()
        if data == b"[DONE]":
            return
        event = _parsed(data)
        if _has(event, "error") is not None:
            raise ProbeFailed(f"the response is an error: {_why(data.decode('utf-8', 'replace'))}")
        yield event


def _why(answer: str) -> str:
    """What an error says of itself, in the shape of OpenAI, of FastAPI or of neither."""
    try:
        document = json.loads(answer)
    except ValueError:
        document = None
    error = _has(document, "error")
    said = (_has(error, "message"), error, _has(document, "message"), _has(document, "detail"))
    found = next((text for text in said if isinstance(text, str) and text), answer)
    return " ".join(found.split())[:_LONGEST_REASON]


def _text_of(choice: Any) -> bool:
    part = _has(choice, "delta") or choice
    return any(_has(part, name) for name in ("content", "text", "reasoning_content", "reasoning", "tool_calls"))


def _has(document: Any, *keys: str | int) -> Any:
    """The value at the end of the keys, or None: a response may have any shape."""
    for key in keys:
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise ProbeFailed("the response is not valid JSON") from error


def _require(condition: object, reason: str) -> None:
    if not condition:
        raise ProbeFailed(reason)
