"""The real entry point, in this process: what a user types, what they see."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.cli import fake_vllm
from tests.s3 import s3, s3_client, s3_server  # noqa: F401  fixtures

from modelscan.cli import main
from modelscan.storage.shipped import shipped
from modelscan.system.processes.identity import tagged


@dataclass(frozen=True, slots=True)
class Ran:
    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    @property
    def error(self) -> dict[str, Any]:
        return json.loads(self.stderr)["error"]


Modelscan = Callable[..., Ran]


@pytest.fixture
def modelscan(capsys: pytest.CaptureFixture[str]) -> Modelscan:
    def run(*arguments: str) -> Ran:
        status = main(list(arguments))
        captured = capsys.readouterr()
        return Ran(status, captured.out, captured.err)

    return run


@pytest.fixture
def vllm(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, modelscan: Modelscan) -> Iterator[Path]:
    """A `vllm` on PATH, ports of our own, and the proof that nothing is left running."""
    program = fake_vllm.install(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("MODELSCAN_FIRST_PORT", str(free_port()))
    monkeypatch.setenv("MODELSCAN_STOP_GRACE", "1")
    yield program
    modelscan("stop", "--all")
    left = [item for item in tagged() if item.state == str(home / "state")]
    for item in left:
        os.kill(item.process.pid, signal.SIGKILL)
    assert not left


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Weights in a folder, which a mood can be put into."""
    path = tmp_path / "tiny"
    shutil.copytree(shipped("demo"), path)
    return path


def free_port() -> int:
    with socket.socket() as attempt:
        attempt.bind(("127.0.0.1", 0))
        port: int = attempt.getsockname()[1]
    return port
