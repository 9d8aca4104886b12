"""The real entry point, in this process: what a user types, what they see."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from modelscan.cli import main


@dataclass(frozen=True, slots=True)
class Ran:
    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    @property
    def error(self) -> dict[str, Any]:
        return json.loads(self.stderr)["error"]


Modelscan = Callable[..., Ran]


@pytest.fixture
def modelscan(capsys: pytest.CaptureFixture[str]) -> Modelscan:
    def run(*arguments: str) -> Ran:
        status = main(list(arguments))
        captured = capsys.readouterr()
        return Ran(status, captured.out, captured.err)

    return run
