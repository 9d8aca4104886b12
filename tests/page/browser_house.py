"""A machine with real deployments of a fake backend, a real gateway and the page, to look at with a browser."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.cli import fake_vllm
from tests.cli.conftest import free_port

from modelscan.api.app import build_app
from modelscan.deployments.files import files_of
from modelscan.selecting.context import Context
from modelscan.settings.reading import load_settings
from modelscan.storage.shipped import shipped
from modelscan.system.processes.identity import tagged


class BrowserHouse:
    """`tiny` is ready, `loading` starts and never ends to, `broken` has failed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        program = fake_vllm.install(folder / "bin")
        self.environ = {
            "PATH": f"{program.parent}:/usr/bin:/bin",
            "HOME": str(folder),
            "HF_HOME": str(folder / "hf"),
            "HF_HUB_OFFLINE": "1",
            "MODELSCAN_HOME": str(self.home),
            "MODELSCAN_FIRST_PORT": str(free_port()),
            "MODELSCAN_GATEWAY_PORT": str(free_port()),
            "MODELSCAN_STOP_GRACE": "1",
        }
        self.context = Context(settings=load_settings(self.environ))
        self.app = build_app(self.context, on_bug=self._bug)
        self.bugs: list[Exception] = []
        self.run("deploy", str(self.weights("tiny")), "--name", "tiny")
        self.run("deploy", str(self.weights("broken", mood="dies-early")), "--name", "broken", status=7)
        self.run("deploy", str(self.weights("loading", mood="never-ready")), "--name", "loading", "--no-wait")
        self.run("gateway", "start")

    def _bug(self, error: Exception) -> None:
        self.bugs.append(error)

    def weights(self, name: str, *, mood: str = "") -> Path:
        path = self.folder / "weights" / name
        shutil.copytree(shipped("demo"), path)
        if mood:
            (path / "mood").write_text(mood)
        return path

    def run(self, *arguments: str, status: int = 0) -> str:
        argv = [sys.executable, "-m", "modelscan", *arguments]
        done = subprocess.run(argv, env=self.environ, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def now(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("status", name, "--json"))
        return found

    def known(self) -> set[str]:
        return {item["name"] for item in json.loads(self.run("list", "--json"))}

    def log_of(self, name: str) -> Callable[[str], None]:
        """Write a line as its backend does."""
        file = files_of(self.context.settings.paths, self.now(name)["id"]).folder / "backend.log"

        def write(line: str) -> None:
            with file.open("a") as log:
                log.write(f"{datetime.now(UTC).isoformat(timespec='milliseconds')[:-6]}Z {line}\n")

        return write

    def close(self) -> None:
        self.run("gateway", "stop")
        self.run("stop", "--all")
        left = [item for item in tagged() if item.state == str(self.home / "state")]
        for item in left:
            os.kill(item.process.pid, signal.SIGKILL)
        assert not left
        assert not self.bugs
