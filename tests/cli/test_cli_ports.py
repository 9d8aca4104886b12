"""A port that is taken: whose it is, and one that is free."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from tests.cli.conftest import Modelscan, free_port

pytestmark = pytest.mark.usefixtures("vllm")


def test_of_another_deployment(modelscan: Modelscan, folder: Path) -> None:
    port = free_port()
    modelscan("deploy", str(folder), "--name", "one", "--port", str(port), "--no-wait")
    ran = modelscan("deploy", str(folder), "--name", "two", "--port", str(port), "--json")
    assert (ran.status, ran.error["message"]) == (8, f"port `{port}` belongs to the deployment `one`")
    free, give_up = ran.error["hints"]
    assert give_up == "or give up that one: modelscan remove one"
    is_usable(modelscan, folder, free)


def test_of_another_program(modelscan: Modelscan, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ran = modelscan("deploy", str(folder), "--port", str(port), "--json")
        assert (ran.status, ran.error["message"]) == (8, f"port `{port}` is already in use")
        free, end = ran.error["hints"]
        assert end == f"or stop that process: kill {os.getpid()}"
        is_usable(modelscan, folder, free)


def is_usable(modelscan: Modelscan, folder: Path, hint: str) -> None:
    """Taken as it stands, the option of the hint is a port that a deployment gets."""
    words, _, option = hint.partition(": ")
    assert words == "use a free one"
    ran = modelscan("deploy", str(folder), "--name", "free", *option.split(), "--no-wait", "--json")
    assert (ran.status, ran.json["port"]) == (0, int(option.removeprefix("--port ")))


@pytest.mark.slow
def test_of_a_start_the_hint_is_a_command(modelscan: Modelscan, folder: Path) -> None:
    port = free_port()
    modelscan("deploy", str(folder), "--name", "one", "--port", str(port))
    modelscan("stop", "one")
    with socket.create_server(("127.0.0.1", port)):
        ran = modelscan("start", "one", "--json")
    assert ran.status == 8
    hint = ran.json[0]["error"]["hints"][0] if ran.stdout else ran.error["hints"][0]
    assert hint.startswith(f"use a free one: modelscan deploy {folder} --name one --port ")
    assert hint.endswith(" --replace")
