"""The programs themselves, installed from their registries, read what `connect` and `routes export` wrote for them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from openai import OpenAI
from tests.cli.conftest import Modelscan, free_port

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("vllm"),
    pytest.mark.skipif("REAL_CLIENTS" not in os.environ, reason="half a gigabyte each: only make test-all"),
]
_INSTALL_SECONDS = 900
_START_SECONDS = 400  # 200 were seen on two busy cores


def installed(folder: Path, *requirements: str) -> Path:
    """The folder of the programs of an environment of their own."""
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True, timeout=120)
    install = [uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python", *requirements]
    subprocess.run(install, check=True, timeout=_INSTALL_SECONDS)
    return folder / "bin"


def said(*argv: str | Path, folder: Path) -> str:
    done = subprocess.run(
        argv, capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL, cwd=folder
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def gateway(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a running one: what `connect` connects then."""
    port = free_port()
    monkeypatch.setenv("MODELSCAN_GATEWAY_PORT", str(port))
    assert modelscan("gateway", "start").status == 0
    yield port
    modelscan("gateway", "stop")


def served(modelscan: Modelscan) -> int:
    """How many tokens were written through the gateway, once that is known."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        used = modelscan("gateway", "status", "--json").json["tokens"]
        if written := sum(item["tokens"] for item in used if item["type"] == "output"):
            return int(written)
        time.sleep(0.2)
    return 0


@pytest.mark.usefixtures("gateway")
def test_llm(modelscan: Modelscan, folder: Path, tmp_path: Path) -> None:
    modelscan("deploy", str(folder), "--yes")
    programs = installed(tmp_path / "env", "llm==0.36")
    assert modelscan("connect", "llm", "--yes").status == 0
    assert said(programs / "llm", "-m", "tiny", "Hello", folder=tmp_path) == "onetwothree\n"
    assert served(modelscan) > 0


@pytest.mark.usefixtures("gateway")
def test_aider(modelscan: Modelscan, folder: Path, tmp_path: Path) -> None:
    modelscan("deploy", str(folder), "--yes")
    programs = installed(tmp_path / "env", "aider-chat==0.86.2")
    assert modelscan("connect", "aider", "--yes").status == 0
    words = ("--message", "Hello", "--no-git", "--yes-always", "--no-show-release-notes", "--no-check-update")
    place = tmp_path / "project"
    place.mkdir()
    text = said(programs / "aider", *words, "--analytics-disable", folder=place)
    assert "Model: openai/tiny" in text
    assert "onetwothree" in text
    assert served(modelscan) > 0


@pytest.mark.skipif(shutil.which("npm") is None, reason="no npm here")
@pytest.mark.usefixtures("gateway")
def test_opencode_which_writes_its_settings_anew(modelscan: Modelscan, folder: Path, tmp_path: Path) -> None:
    modelscan("deploy", str(folder), "--yes")
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", tmp_path / "npm"]
    subprocess.run([*install, "opencode-ai@1.18.33"], check=True, timeout=_INSTALL_SECONDS)
    assert modelscan("connect", "opencode", "--yes").status == 0
    settings = tmp_path / ".config" / "opencode" / "opencode.json"
    written = settings.read_text()
    program = tmp_path / "npm" / "node_modules" / ".bin" / "opencode"
    assert "onetwothree" in said(program, "run", "Hello", folder=tmp_path)
    assert settings.read_text() != written
    assert served(modelscan) > 0
    assert modelscan("connect", "opencode", "--remove", "--yes").status == 0
    assert json.loads(settings.read_text()) == {"$schema": "https://opencode.ai/config.json"}


@pytest.mark.skipif(shutil.which("npm") is None, reason="no npm here")
@pytest.mark.usefixtures("gateway")
def test_claude_code_with_a_key(
    modelscan: Modelscan, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELSCAN_KEY", modelscan("gateway", "keys", "add", "laptop").stdout.strip())
    modelscan("deploy", str(folder), "--yes")
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", tmp_path / "npm"]
    subprocess.run([*install, "@anthropic-ai/claude-code@2.1.197"], check=True, timeout=_INSTALL_SECONDS)
    assert modelscan("connect", "claude-code", "--yes").status == 0
    program = tmp_path / "npm" / "node_modules" / ".bin" / "claude"
    assert said(program, "-p", "Hello", folder=tmp_path) == "onetwothree\n"
    assert modelscan("connect", "claude-code", "--remove", "--yes").status == 0


@contextlib.contextmanager
def serving(argv: list[str | Path], port: int, log: Path) -> Iterator[None]:
    with log.open("wb") as output, subprocess.Popen(argv, stdout=output, stderr=output) as process:
        try:
            deadline = time.monotonic() + _START_SECONDS
            while not answers(f"http://127.0.0.1:{port}/health/readiness"):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(1)
            yield
        finally:
            process.terminate()


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def test_litellm(modelscan: Modelscan, gateway: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In front of the deployments, as it is exported, and in front of the gateway."""
    monkeypatch.setenv("DEMO_KEY", "sk-of-the-second")
    monkeypatch.setenv("LITELLM_MASTER_KEY", f"sk-{'8f14e45fceea167a5a36dedd4bea2543'}")
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # it would fetch its prices at its start
    modelscan("deploy", "demo", "--yes")
    modelscan("deploy", "demo", "--yes", "--name", "second", "--api-key-env", "DEMO_KEY")
    path, port = tmp_path / "litellm.yaml", free_port()
    document = yaml.safe_load(modelscan("routes", "export", "--format", "litellm").stdout)
    behind = {"model": "hosted_vllm/demo", "api_base": f"http://127.0.0.1:{gateway}/v1"}
    document["model_list"].append({"model_name": "through", "litellm_params": behind})
    path.write_text(yaml.safe_dump(document))
    programs = installed(tmp_path / "env", "litellm[proxy]==1.108.7")
    argv = [programs / "litellm", "--config", path, "--host", "127.0.0.1", "--port", str(port)]
    with serving(argv, port, tmp_path / "litellm.log"):
        client = OpenAI(base_url=f"http://127.0.0.1:{port}", api_key=os.environ["LITELLM_MASTER_KEY"], timeout=120)
        names = sorted(item.id for item in client.models.list())
        assert names == ["demo", "modelscan/demo", "second", "through"]
        for name in names:
            messages = [{"role": "user", "content": "Hello"}]
            chunks = client.chat.completions.create(model=name, messages=messages, stream=True)  # type: ignore[call-overload]
            assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "onetwothree"
    assert served(modelscan) > 0
