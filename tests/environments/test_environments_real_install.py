"""The real thing: uv, the network or what pip is configured with, and a vLLM that answers."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from modelscan.environments.find import find_installations
from modelscan.environments.install import install
from modelscan.environments.remove import remove
from modelscan.settings.environment import process_environment
from modelscan.settings.reading import load_settings
from modelscan.system.clock import SystemClock
from modelscan.system.processes import run as process

pytestmark = pytest.mark.slow


def test_vllm_for_cpu_is_installed_answers_and_goes_again(home: Path) -> None:
    # The user's own home for pip's configuration and uv's cache: otherwise every run downloads 400 MB.
    environ = process_environment() | {"HOME": pwd.getpwuid(os.getuid()).pw_dir}
    settings = load_settings(environ)
    lines: list[str] = []
    made = install("vllm", None, "cpu", settings, on_line=lines.append, clock=SystemClock())
    try:
        assert made.path.startswith(str(home))
        assert find_installations(settings)[0] == made
        answer = process.run([made.program, "--version"], env=environ, timeout=300)
        assert answer.stdout.strip().endswith(f"{made.version}+cpu")
        assert install("vllm", None, "cpu", settings, on_line=lines.append, clock=SystemClock()) == made
        assert lines[-1] == f"already installed: {made.origin}"
    finally:
        remove(made, settings)
    assert find_installations(settings) == []
