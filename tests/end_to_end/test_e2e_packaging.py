"""The program from its wheel, in an environment that has nothing else of ours."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.end_to_end.conftest import ROOT, user_environment

pytestmark = pytest.mark.slow


def output(*argv: str, home: Path, **variables: str) -> str:
    done = subprocess.run(
        argv, env={**user_environment(home), **variables}, cwd=home.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def works(program: Path, home: Path) -> None:
    assert output(str(program), "--version", home=home).startswith("modelscan ")
    [first] = json.loads(
        output(str(program), "catalog", "search", "qwen3 coder 30b", "--limit", "1", "--json", home=home)
    )
    assert first["weights"][0]["repo_id"] == "Qwen/Qwen3-Coder-30B-A3B-Instruct"
    plan = json.loads(output(str(program), "plan", "demo", "--hardware", "cpu:8gb", "--json", home=home))
    assert plan["feasible"] is True
    assert str(ROOT) not in json.dumps(plan)  # the demo model of the wheel, not that of the checkout


def test_pip_install(tmp_path: Path) -> None:
    home = tmp_path / "home"
    output(sys.executable, "-m", "venv", str(tmp_path / "venv"), home=home)
    output(str(tmp_path / "venv" / "bin" / "pip"), "install", "--quiet", str(ROOT), home=home)
    works(tmp_path / "venv" / "bin" / "modelscan", home)


def test_uv_tool_install(tmp_path: Path) -> None:
    home, tools = tmp_path / "home", {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin")}
    uv = str(Path(sys.executable).with_name("uv"))
    output(uv, "tool", "install", "--quiet", "--python", sys.executable, str(ROOT), home=home, **tools)
    works(tmp_path / "bin" / "modelscan", home)
