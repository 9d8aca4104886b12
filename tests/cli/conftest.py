"""The real entry point, in this process: what a user types, what they see."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli import fake_vllm
from tests.cli.driver import Driver, Ran, driving
from tests.fake_ollama import ollama  # noqa: F401  a fixture
from tests.hubs.hub_server import HubServer, Repo
from tests.s3 import s3, s3_client, s3_server  # noqa: F401  fixtures

from modelscan.cli import main
from modelscan.storage.shipped import shipped
from modelscan.system.processes.identity import tagged

Modelscan = Callable[..., Ran]


@pytest.fixture
def modelscan(home: Path, capsys: pytest.CaptureFixture[str]) -> Modelscan:
    def run(*arguments: str) -> Ran:
        status = main(list(arguments))
        captured = capsys.readouterr()
        return Ran(status, captured.out, captured.err)

    return run


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """A hub on this machine with one repo, the shipped demo as `lab/tiny`."""
    with HubServer() as server:
        server.repos["lab/tiny"] = Repo(files={path.name: path.read_bytes() for path in shipped("demo").iterdir()})
        yield server


@pytest.fixture(scope="session")
def driver() -> Iterator[Driver]:
    """A process that hubs may be asked from: huggingface_hub reads what it may do when it is imported."""
    with driving({"PATH": os.environ["PATH"], "HF_HUB_DISABLE_TELEMETRY": "1", "NO_PROXY": "*"}) as ask:
        yield ask


@pytest.fixture
def run(hub: HubServer, driver: Driver, home: Path, tmp_path: Path) -> Modelscan:
    """As `modelscan`, in a process where hubs may be asked, and both are `hub`."""
    environ = {
        **os.environ,
        "HF_ENDPOINT": hub.endpoint,
        "HF_HUB_OFFLINE": "0",
        "MODELSCOPE_ENDPOINT": hub.endpoint,
        "MODELSCOPE_CACHE": str(tmp_path / "ms"),
        "NO_PROXY": "*",
    }
    return lambda *arguments, **more: driver(arguments, environ | more)


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
