"""Folders of weights made on the spot, and a hub on this machine that speaks just what huggingface_hub asks."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hub_server import HubServer, Repo
from tests.s3 import s3, s3_client, s3_server  # noqa: F401  fixtures

SOURCE = Path(__file__).parents[2] / "src"

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


# One process for the session, so that nothing of this machine's own login and cache is used. Each line is an
# environment and calls, which are answered with a line.
DRIVER = """
import json, os, signal, sys, time
from pathlib import Path
from modelscan.errors import ModelscanError
from modelscan.hubs.sources import Access, describer, fetcher
from modelscan.settings.reading import load_settings
from modelscan.storage.documents import to_document
from modelscan.system.clock import SystemClock
class QuickClock(SystemClock):
    ahead = 0.0
    def monotonic(self):
        return time.monotonic() + self.ahead
    def sleep(self, seconds):
        self.ahead += seconds
        time.sleep(0.001)
def preload():
    import huggingface_hub.hf_api, huggingface_hub.utils, huggingface_hub.errors, httpx, modelscan.hubs.remote.fetcher
def forked(call, environ):
    # As a process of its own, killed after so many seconds.
    preload()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 1 if "error" in answer(call | {"kill_after": None}, environ) else 0
        finally:
            os._exit(status)
    if call["kill_after"] > 0:
        time.sleep(call["kill_after"])
        os.kill(child, signal.SIGKILL)
    return child
def shown(value):
    if isinstance(value, (tuple, list)):
        return [shown(item) for item in value]
    return str(value) if isinstance(value, Path) else to_document(value)
def answer(call, environ):
    told = []
    if call.get("kill_after") is not None:
        children = [forked(call, environ) for _ in range(call.get("processes", 1))]
        return {"exits": [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]}
    settings = load_settings(environ, flags={"offline": call.get("offline")})
    who = describer if call["call"] in {"describe", "describe_here", "listing", "files"} else fetcher
    hub = who(call.get("source", "huggingface"), Access(settings=settings, environ=lambda: environ, clock=QuickClock()))
    more = dict(call.get("with", {}))
    if call["call"] == "download":
        more["on_progress"] = lambda now: told.append([now.done_bytes, now.total_bytes])
        more["into"] = Path(more["into"]) if "into" in more else None
    try:
        result = {"found": shown(getattr(hub, call["call"])(call["repo"], call.get("revision"), **more))}
    except ModelscanError as error:
        result = {"error": error.code, "status": error.exit_status, "message": error.message,
                  "cause": error.cause, "hints": error.hints, "details": error.details}
    return result | {"told": told}
for line in sys.stdin:
    task = json.loads(line)
    print(json.dumps([answer(call, task["environ"]) for call in task["calls"]], default=str), flush=True)
"""


@dataclass
class FakeHub:
    """The server, a home for the caches, and `run`, which makes calls on a hub in a process of their own."""

    server: HubServer
    home: Path
    run: Callable[..., list[dict[str, Any]]]

    @property
    def repos(self) -> dict[str, Repo]:
        return self.server.repos

    @property
    def requests(self) -> list[str]:
        return self.server.requests

    @property
    def endpoint(self) -> str:
        return self.server.endpoint

    @property
    def environ(self) -> dict[str, str]:
        return {
            "HF_ENDPOINT": self.endpoint, "HF_HOME": str(self.home / "hf"), "HOME": str(self.home),
            "MODELSCOPE_ENDPOINT": self.endpoint, "MODELSCOPE_CACHE": str(self.home / "ms"),
            "MODELSCAN_HOME": str(self.home / "own"), "PATH": "", "NO_PROXY": "*",
        }  # fmt: skip


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
    with HubServer() as server:
        fake = FakeHub(
            server, tmp_path, lambda *calls, environ=None: driver({**fake.environ, **(environ or {})}, calls)
        )
        yield fake


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


@pytest.fixture
def tiny(hub: FakeHub, tiny_repo: Callable[..., Repo]) -> FakeHub:
    """A hub with one repo, `lab/tiny`."""
    hub.repos["lab/tiny"] = tiny_repo()
    return hub
