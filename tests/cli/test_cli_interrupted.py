"""Ctrl-C and SIGTERM: 130 and one error object from every command, and silence where Ctrl-C is the way to end."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Modelscan
from tests.hubs.hub_server import HubServer, Repo

from modelscan.storage.shipped import shipped
from modelscan.system.processes.identity import find, is_alive

PROGRAM = (sys.executable, "-m", "modelscan")


def until_gone(pid: int) -> None:
    """A process that was ended is on its way for a moment, and there until its parent has heard of it."""
    deadline = time.monotonic() + 30
    while (found := find(pid)) is not None and is_alive(found):
        assert time.monotonic() < deadline, pid
        time.sleep(0.02)


# Ctrl-C while a command's module is imported, inside an `exec` such as those of @dataclass.
INTERRUPTED_IMPORT = """
import signal, sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "modelscan.cli.commands.find.gpu":
            exec("signal.raise_signal(signal.SIGINT)")
sys.meta_path.insert(0, Interrupting())
"""


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that takes a connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        yield server


@contextlib.contextmanager
def asking(*words: str, silent: socket.socket, stderr: int = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
    """A command that asks the silent server, once it does. Signals have their default meaning in it."""
    address = f"http://127.0.0.1:{silent.getsockname()[1]}/api.json"
    environ = os.environ | {"MODELSCAN_MODELS_DEV_URL": address}
    command = [*PROGRAM, *words]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=stderr, text=True) as process:
        connection, _ = silent.accept()
        with connection:
            yield process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_without_words_of_its_own(silent: socket.socket, number: int) -> None:
    with asking("catalog", "refresh", "--source", "models.dev", "--json", silent=silent) as process:
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=20)
    assert (process.returncode, stdout) == (130, "")
    [line] = stderr.splitlines()
    error = json.loads(line)["error"]
    assert error == {"code": "interrupted", "message": "interrupted", "hints": ["modelscan list"], "details": {}}


def test_during_an_import(tmp_path: Path) -> None:
    """Where the interpreter itself notes it as unhandled, inside `exec`, the status is ours all the same."""
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTED_IMPORT)
    environ = os.environ | {"PYTHONPATH": str(tmp_path)}
    ended = subprocess.run([*PROGRAM, "gpu", "--json"], env=environ, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (130, "")
    assert json.loads(ended.stderr)["error"]["code"] == "interrupted"


def test_on_a_terminal(silent: socket.socket) -> None:
    master, terminal = pty.openpty()
    command = ("catalog", "refresh", "--source", "models.dev", "--json")
    with asking(*command, silent=silent, stderr=terminal) as process:
        os.close(terminal)
        process.send_signal(signal.SIGINT)
        stdout, _ = process.communicate(timeout=20)
    shown = os.read(master, 65_536).decode()
    os.close(master)
    assert (process.returncode, stdout, shown.count('{"error"')) == (130, "", 1)


@pytest.mark.parametrize("command", ["events", "logs"])
@pytest.mark.parametrize(("options", "told"), [((), 0), (("--json",), 1)])
@pytest.mark.slow
def test_what_goes_on_until_ctrl_c_ends_with_it(
    modelscan: Modelscan, vllm: Path, command: str, options: tuple[str, ...], told: int
) -> None:
    modelscan("deploy", "demo")
    words = [*PROGRAM, command, "demo", "--follow", *options]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        assert following.stdout.readline()
        following.send_signal(signal.SIGINT)
        _, stderr = following.communicate(timeout=20)
    assert following.returncode == 130
    assert len(stderr.splitlines()) == stderr.count('{"error": {"code": "interrupted"') == told


def test_an_installation(tmp_path: Path) -> None:
    """Its uv ends with it."""
    uv = tmp_path / "bin" / "uv"
    uv.parent.mkdir()
    uv.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo uv 0.13.8 && exit\necho $$ > {tmp_path}/pid\nexec sleep 600\n'
    )
    uv.chmod(0o755)
    environ = os.environ | {"PATH": f"{uv.parent}:/usr/bin:/bin"}
    words = [*PROGRAM, "backend", "install", "vllm", "--json"]
    pid = tmp_path / "pid"
    with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as installing:
        deadline = time.monotonic() + 60
        while not (pid.exists() and pid.read_text().strip()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        installing.send_signal(signal.SIGINT)
        stdout, stderr = installing.communicate(timeout=30)
    assert (installing.returncode, stdout) == (130, "")
    assert json.loads(stderr)["error"]["code"] == "interrupted"
    until_gone(int(pid.read_text()))


def test_a_download_from_a_server_that_says_nothing(tmp_path: Path) -> None:
    """Long before the server is given up."""
    with HubServer() as hub:
        hub.repos["lab/tiny"] = Repo(files={path.name: path.read_bytes() for path in shipped("demo").iterdir()})
        hub.fault("model.safetensors", "stall", seconds=60.0)
        words = [*PROGRAM, "pull", "lab/tiny", "--source", "huggingface", "--to", str(tmp_path / "there"), "--json"]
        environ = os.environ | {"HF_ENDPOINT": hub.endpoint, "HF_HUB_OFFLINE": "0"}
        with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as pulling:
            while hub.faults["model.safetensors"][0].times:
                time.sleep(0.02)
            pulling.send_signal(signal.SIGINT)
            stdout, _ = pulling.communicate(timeout=20)
    assert pulling.returncode == 130
    assert json.loads(stdout)[0]["error"]["hints"] == ["to resume: modelscan pull lab/tiny"]
