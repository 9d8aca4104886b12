"""`modelscan api` and `modelscan ui`: what a user types, what they see, and what survives."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan, folder, modelscan, vllm  # noqa: F401  fixtures
from tests.gateway.gateway_house import free_port, until

from modelscan.services.files import read_status, service_files
from modelscan.services.service import API
from modelscan.storage.paths import paths_below


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch, modelscan: Modelscan) -> Iterator[int]:  # noqa: F811
    chosen = free_port()
    monkeypatch.setenv("MODELSCAN_API_PORT", str(chosen))
    yield chosen
    modelscan("api", "stop")


def health(port: int) -> object:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/health", timeout=20) as answer:
        return json.load(answer)


def test_from_start_to_stop(modelscan: Modelscan, port: int, home: Path) -> None:  # noqa: F811
    def plain(text: str) -> str:
        return text.replace(str(port), "PORT")

    assert modelscan("api", "status").stdout == snapshot("api  stopped\n")
    started = plain(modelscan("api", "start").stdout)
    assert started == snapshot(
        """\
api  running  http://127.0.0.1:PORT
keys  none: everybody on this machine may ask
page  http://127.0.0.1:PORT/ui/  modelscan ui opens it
"""
    )
    assert plain(modelscan("api", "start").stdout) == started.replace("PORT\nkeys", "PORT (nothing to do)\nkeys")
    assert health(port) == {"status": "ok"}
    again = modelscan("api", "start", "--port", str(free_port()))
    assert (again.status, plain(again.stderr).splitlines()[:2]) == snapshot(
        (8, ["error: the HTTP API runs already, at `http://127.0.0.1:PORT`", "hint: modelscan api stop"])
    )
    served = int(read_status(service_files(paths_below(home), API))["pid"])
    os.kill(served, signal.SIGKILL)  # what served is started again, at the same address
    until(lambda: read_status(service_files(paths_below(home), API))["pid"] != served, what="another process")
    assert health(port) == {"status": "ok"}
    assert "listening on 127.0.0.1:" in modelscan("logs", "api").stdout
    assert modelscan("api", "stop").stdout == "api  stopped\n"
    with pytest.raises(urllib.error.URLError):
        health(port)


@pytest.mark.slow
def test_one_that_cannot_serve_is_given_up_and_says_why(modelscan: Modelscan, port: int, home: Path) -> None:  # noqa: F811
    in_the_way = home / "state" / "api" / "status.json"
    in_the_way.mkdir(parents=True)
    refused = modelscan("api", "start")
    assert refused.status == 7
    first, *cause = refused.stderr.splitlines()
    assert first == "error: the HTTP API did not start"
    assert any("before it answered: given up" in line for line in cause)
    assert cause[-1] == "hint: modelscan logs api --tail 20"
    in_the_way.rmdir()
    assert modelscan("api", "start").stdout.startswith(f"api  running  http://127.0.0.1:{port}\n")


def test_the_page_s_address_opens_it_once(modelscan: Modelscan, port: int, home: Path) -> None:  # noqa: F811
    opened = modelscan("ui", "--no-browser")
    assert re.sub(r"token=[\w-]{43}", "token=TOKEN", opened.stdout).replace(str(port), "PORT") == snapshot(
        "http://127.0.0.1:PORT/ui/#token=TOKEN\n"
    )
    assert opened.stderr == snapshot(
        """\
Started the HTTP API: modelscan api stop ends it
The address opens the page once, within five minutes
"""
    )
    token = opened.stdout.strip().rpartition("=")[2]
    assert all(token.encode() not in file.read_bytes() for file in home.rglob("*") if file.is_file())
    assert "Started" not in modelscan("ui", "--no-browser").stderr


@pytest.mark.slow
def test_the_gateway_s_address_leads_to_it_wherever_it_runs(
    modelscan: Modelscan,  # noqa: F811
    port: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    front = free_port()
    monkeypatch.setenv("MODELSCAN_GATEWAY_PORT", str(front))
    modelscan("gateway", "start")
    try:
        with pytest.raises(urllib.error.HTTPError, match="404"):
            health(front)
        modelscan("api", "start")
        assert health(front) == {"status": "ok"}
        modelscan("api", "restart", "--port", str(free_port()))
        assert health(front) == {"status": "ok"}
    finally:
        modelscan("gateway", "stop")


def test_others_are_let_in_with_a_key_only(modelscan: Modelscan) -> None:  # noqa: F811
    refused = modelscan("api", "start", "--host", "0.0.0.0")
    assert (refused.status, refused.stderr) == snapshot(
        (
            2,
            """\
error: `0.0.0.0` can be reached from other machines, and there is no key
hint: modelscan gateway keys add NAME
hint: modelscan api start --host 0.0.0.0
""",
        )
    )


def test_without_the_extra_the_command_that_installs_it_is_said(
    modelscan: Modelscan,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "fastapi", None)  # as where it is not installed
    for words in (("api", "start"), ("api", "run"), ("ui",)):
        refused = modelscan(*words)
        assert (refused.status, refused.stderr) == snapshot(
            (
                7,
                """\
error: the HTTP API and its page need the extra `api`
  not installed: fastapi
hint: uv tool install 'modelscan-cli[api]'
hint: pip install 'modelscan-cli[api]'
""",
            )
        )
