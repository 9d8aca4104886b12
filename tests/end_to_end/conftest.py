"""The program as a user runs it, with a real backend that is installed once for all of these tests.

One at a time has the processor and the ports. `.ci/run` names the home in which the demo has installed the backend.
"""

from __future__ import annotations

import http.client
import json
import os
import pwd
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]


def user_environment(home: Path) -> dict[str, str]:
    """The user's own pip configuration and package caches, so that not everything is fetched each time."""
    own_home = pwd.getpwuid(os.getuid()).pw_dir
    return {**os.environ, "HOME": own_home, "MODELSCAN_HOME": str(home), "MODELSCAN_FIRST_PORT": "8480"}


@pytest.fixture(scope="session")
def real_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A MODELSCAN_HOME with vLLM installed."""
    if "TEST_BACKEND_HOME" in os.environ:
        return Path(os.environ["TEST_BACKEND_HOME"])
    home = tmp_path_factory.mktemp("real") / "home"
    done = subprocess.run(
        [sys.executable, "-m", "modelscan", "backend", "install", "vllm"],
        env=user_environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture(scope="session")
def run(real_home: Path) -> Run:
    """Run Python with arguments to its end; a failure shows what it printed."""

    def run(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, *arguments], env=user_environment(real_home), capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done

    return run


@pytest.fixture(scope="session")
def modelscan(run: Run) -> Callable[..., Any]:
    """`modelscan … --json`, read."""

    def modelscan(*arguments: str) -> Any:
        return json.loads(run("-m", "modelscan", *arguments, "--json").stdout)

    return modelscan


def runs(pid: int) -> bool:
    """Whether the process runs; one that ended and that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ask(deployment: dict[str, Any], prompt: str, *, model: str | None = None, max_tokens: int = 40) -> str:
    """What the model answers OpenAI's own client. It is closed: a connection left to the collector warns at random."""
    with openai.OpenAI(base_url=deployment["openai_base_url"], api_key="none") as client:
        answer = client.chat.completions.create(
            model=model or deployment["name"],
            messages=[{"role": "user", "content": prompt}],
            max_tokens=max_tokens,
            temperature=0,
        )
    return answer.choices[0].message.content or ""


def status_of(port: int, path: str, key: str | None) -> int:
    """What a GET is answered with this key, or none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers={"authorization": f"Bearer {key}"} if key else {})
    status = connection.getresponse().status
    connection.close()
    return status


def command_lines() -> list[bytes]:
    """Those of all processes, as every user of the machine sees them."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(entry.read_bytes())
        except OSError:
            continue
    return found
