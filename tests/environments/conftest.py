from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from environments_machine import Machine, script


@pytest.fixture
def machine(tmp_path: Path, home: Path) -> Machine:
    return Machine(tmp_path / "machine", home)


@pytest.fixture
def make_script() -> Callable[..., Path]:
    return script
