"""Folders of weights made on the spot, and a hub on this machine that speaks just what huggingface_hub asks."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

SOURCE = Path(__file__).parents[2] / "src"
COMMIT = "c0ffee" + "0" * 34
OLDER = "0dd" + "1" * 37

LLAMA = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "num_hidden_layers": 2, "hidden_size": 64,
    "intermediate_size": 128, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 256,
    "max_position_embeddings": 512, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
}  # fmt: skip


def safetensors_bytes(tensors: Mapping[str, tuple[str, list[int], int]]) -> bytes:
    """A file with tensors of (type, shape, bytes)."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    place = 0
    for name, (dtype, shape, size) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [place, place + size]}
        place += size
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(place)


WEIGHTS = safetensors_bytes({"a": ("BF16", [100, 10], 2000), "b": ("F32", [7], 28)})


@pytest.fixture
def make_safetensors() -> Callable[[Mapping[str, tuple[str, list[int], int]]], bytes]:
    return safetensors_bytes


@pytest.fixture
def llama() -> dict[str, Any]:
    return dict(LLAMA)


@pytest.fixture
def write_model(tmp_path: Path) -> Callable[[Mapping[str, bytes | str | dict[str, Any]]], Path]:
    def write(files: Mapping[str, bytes | str | dict[str, Any]]) -> Path:
        folder = tmp_path / "model"
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            data = json.dumps(content) if isinstance(content, dict) else content
            path.write_bytes(data.encode() if isinstance(data, str) else data)
        return folder

    return write


@dataclass
class Repo:
    """`gated`: files are refused, the list is not, as on the real hub. `broken`: files whose transfer breaks off,
    how many times.
    """

    files: dict[str, bytes]
    gated: bool = False
    commit: str = COMMIT
    broken: dict[str, int] = field(default_factory=dict)
    safetensors: dict[str, Any] | None = None


@dataclass
class FakeHub:
    endpoint: str
    repos: dict[str, Repo]
    requests: list[str]
    status: dict[str, int]
    run: Callable[..., list[dict[str, Any]]]
    home: Path


# One process for the session, so that nothing of this machine's own login and cache is used. Each line is an
# environment and calls, which are answered with a line.
DRIVER = """
import json, sys
from modelscan.errors import ModelscanError
from modelscan.hubs import huggingface
from modelscan.storage.documents import to_document
def answer(call, environ):
    told = []
    arguments = {"environ": environ, **call.get("with", {})}
    if call["call"] == "download":
        arguments["on_progress"] = lambda fraction, words: told.append([fraction, words])
    if call["call"] != "cached":
        arguments.setdefault("offline", False)
    try:
        found = getattr(huggingface, call["call"])(call["repo"], call.get("revision"), **arguments)
        result = {"found": [str(part) for part in found] if isinstance(found, tuple)
                  else to_document(found) if call["call"] == "describe" else found and str(found)}
    except ModelscanError as error:
        result = {"error": error.code, "message": error.message, "cause": error.cause, "hints": error.hints}
    return result | {"told": told}
for line in sys.stdin:
    task = json.loads(line)
    print(json.dumps([answer(call, task["environ"]) for call in task["calls"]]), flush=True)
"""


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., list[dict[str, Any]]]]:
    home = tmp_path_factory.mktemp("hub-home")
    variables = {
        "HF_HOME": str(home), "HOME": str(home), "PYTHONPATH": str(SOURCE), "HF_HUB_DISABLE_TELEMETRY": "1",
        "PATH": "", "NO_PROXY": "*",
    }  # fmt: skip
    noise = home / "stderr"
    with (
        noise.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-c", DRIVER],
            env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
        ) as process,
    ):  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None

        def ask(environ: Mapping[str, str], calls: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
            process.stdin.write(json.dumps({"environ": dict(environ), "calls": list(calls)}) + "\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            line = process.stdout.readline()  # type: ignore[union-attr]
            assert noise.read_text(encoding="utf-8") == ""
            return list(json.loads(line))

        yield ask
        process.stdin.close()


@pytest.fixture
def hub(tmp_path: Path, driver: Callable[..., list[dict[str, Any]]]) -> Iterator[FakeHub]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    home = tmp_path / "hf"

    def run(*calls: dict[str, Any], environ: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        return driver({"HF_ENDPOINT": endpoint, "HF_HOME": str(home), **(environ or {})}, calls)

    fake = FakeHub(endpoint, {}, [], {}, run, home)
    server.fake = fake  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield fake
    server.shutdown()
    server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    @property
    def fake(self) -> FakeHub:
        return self.server.fake  # type: ignore[attr-defined, no-any-return]

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        self.fake.requests.append(f"{self.command} /{'/'.join(parts)}")
        api = parts[:2] == ["api", "models"]
        name = "/".join(parts[2:4] if api else parts[:2])
        rest = parts[4:] if api else parts[2:]
        if name in self.fake.status:
            self._send(self.fake.status[name], b"{}")
            return
        repo = self.fake.repos.get(name)
        if repo is None:
            self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif rest[1:2] and rest[1] not in {"main", repo.commit}:
            self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        elif api and rest[:1] == ["tree"]:
            listing = [
                {"type": "file", "path": path, "size": len(data), "oid": _sha1(data)}
                for path, data in repo.files.items()
            ]
            self._json(listing)
        elif api:
            siblings = [{"rfilename": path, "size": len(data)} for path, data in repo.files.items()]
            about = {"id": name, "modelId": name, "sha": repo.commit, "siblings": siblings, "tags": [], "downloads": 0}
            self._json(about | ({"safetensors": repo.safetensors} if repo.safetensors else {}))
        else:
            self._file(repo, "/".join(rest[2:]), body=body)

    def _file(self, repo: Repo, name: str, *, body: bool) -> None:
        if repo.gated and self.headers.get("authorization") != "Bearer hf_good":
            self._send(403 if self.headers.get("authorization") else 401, b"", {"X-Error-Code": "GatedRepo"})
            return
        data = repo.files.get(name)
        if data is None:
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        headers = {"ETag": f'"{_sha1(data)}"', "X-Repo-Commit": repo.commit, "Accept-Ranges": "bytes"}
        status, start, end = 200, 0, len(data)
        wanted = self.headers.get("range")
        if wanted and body:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start, end = int(first), min(int(last) + 1 if last else len(data), len(data))
            status = 206
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
            self.fake.requests.append(f"RANGE {wanted} {name}")
        part = data[start:end]
        if body and repo.broken.get(name, 0) > 0:
            repo.broken[name] -= 1
            self._send(status, part[: len(part) // 2], headers, announced=len(part))
            self.close_connection = True
            return
        self._send(status, part if body else b"", headers, announced=len(part))

    def _json(self, document: Any) -> None:
        self._send(200, json.dumps(document).encode(), {"Content-Type": "application/json"})

    def _send(
        self, status: int, content: bytes, headers: Mapping[str, str] | None = None, *, announced: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) if announced is None else announced))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


@pytest.fixture
def tiny_repo() -> Callable[..., Repo]:
    def make(**more: Any) -> Repo:
        files = {
            "config.json": json.dumps(LLAMA).encode(),
            "tokenizer_config.json": json.dumps({"chat_template": "{{ messages }}"}).encode(),
            "tokenizer.json": b"{}",
            "model.safetensors": WEIGHTS,
            "pytorch_model.bin": bytes(5000),
            "original/consolidated.00.pth": bytes(5000),
            "consolidated.safetensors": WEIGHTS,
            "model-Q4.gguf": bytes(3000),
        }
        return Repo(files=files | more.pop("files", {}), **more)

    return make
