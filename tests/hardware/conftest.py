"""Machines that are not there: a fake NVML compiled on the spot, sysfs and proc trees, recorded tools."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.hardware.nvml import compile_nvml

from modelscan.hardware.gpu_table import GpuFacts, parse_gpu_table
from modelscan.storage.shipped import shipped_text
from modelscan.system.processes.run import Completed

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"

# `modelscan gpu` without the command line: a process of its own, so that the loader finds the fake library.
READ = """
import json, os, pathlib, sys
from modelscan.hardware.machine import read_hardware
from modelscan.storage.documents import to_document
root = pathlib.Path(sys.argv[1])
print(json.dumps(to_document(read_hardware(environ=dict(os.environ), sysfs=root / "sys", proc=root / "proc"))))
"""


class FakeTools:
    """A runner that answers from recorded output; a program without a record is not installed."""

    def __init__(self, answers: Mapping[str, str | Completed] | None = None) -> None:
        self.answers = dict(answers or {})
        self.asked: list[list[str]] = []

    def __call__(self, argv: Sequence[str], *, env: Mapping[str, str], timeout: float) -> Completed:
        del env, timeout
        self.asked.append(list(argv))
        command = " ".join(argv)
        for start, answer in self.answers.items():
            if command.startswith(start):
                return answer if isinstance(answer, Completed) else Completed(0, answer)
        return Completed(None, problem=f"`{argv[0]}` could not be started")


@pytest.fixture
def fake_tools() -> type[FakeTools]:
    return FakeTools


@pytest.fixture(scope="session")
def gpu_table() -> tuple[GpuFacts, ...]:
    return parse_gpu_table(shipped_text("gpus.csv"))


@pytest.fixture
def fixture_text() -> Callable[[str], str]:
    return lambda name: (HERE / "fixtures" / name).read_text(encoding="utf-8")


@pytest.fixture
def write_tree() -> Callable[[Path, Mapping[str, str]], Path]:
    def write(root: Path, files: Mapping[str, str]) -> Path:
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return root

    return write


@pytest.fixture(scope="session")
def fake_nvml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a compiled libnvidia-ml.so.1."""
    folder = compile_nvml(tmp_path_factory.mktemp("nvml"))
    if folder is None:
        pytest.skip("no C compiler")
    return folder


@pytest.fixture
def read_with_nvml(fake_nvml: Path, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """The document of a machine whose NVML answers from a scenario (see fake_nvml.c), with the real pynvml."""

    def read(scenario: str, environ: Mapping[str, str] | None = None, *, meminfo: str = "") -> dict[str, Any]:
        (tmp_path / "scenario").write_text(scenario, encoding="utf-8")
        (tmp_path / "proc").mkdir(exist_ok=True)
        (tmp_path / "proc" / "meminfo").write_text(meminfo, encoding="utf-8")
        variables = {
            "PYTHONPATH": str(SOURCE),
            "LD_LIBRARY_PATH": str(fake_nvml),
            "FAKE_NVML": str(tmp_path / "scenario"),
            "PATH": str(tmp_path / "no-tools"),
            **(environ or {}),
        }
        done = subprocess.run(
            [sys.executable, "-c", READ, str(tmp_path)],
            env=variables, capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        assert done.stderr == ""
        return dict(json.loads(done.stdout))

    return read
