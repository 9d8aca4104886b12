"""`up` with a real vLLM: three deployments, the file edited and the command killed (-9) at random moments."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.end_to_end.conftest import Run, ask, user_environment

from modelscan.storage.paths import paths_below
from modelscan.system.processes.identity import tagged

pytestmark = pytest.mark.slow
Modelscan = Callable[..., Any]

EDITS: tuple[dict[str, dict[str, Any]], ...] = (
    {
        "up-a": {"model": "demo", "context_length": 512},
        "up-b": {"model": "demo", "context_length": 1024},
        "up-c": {"model": "demo", "on_demand": True},
    },
    {
        "up-a": {"model": "demo", "context_length": 512},
        "up-b": {"model": "demo", "context_length": 768},
        "up-c": {"model": "demo", "on_demand": True},
    },
    {
        "up-a": {"model": "demo", "context_length": 512},
        "up-c": {"model": "demo"},
        "up-d": {"model": "demo", "on_demand": True},
    },
)


@pytest.fixture
def file(tmp_path: Path, run: Run) -> Iterator[Path]:
    yield tmp_path / "modelscan.yaml"
    names = sorted({name for edit in EDITS for name in edit})
    for name in names:
        run("-m", "modelscan", "remove", name, check=False)


def killed(file: Path, home: Path, seconds: float) -> None:
    """`kill -9` of `up` after so many seconds."""
    command = [sys.executable, "-m", "modelscan", "up", str(file), "--prune", "--yes"]
    environment = user_environment(home)
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(seconds)
        process.kill()


def rounds(file: Path, home: Path, modelscan: Modelscan, *, kills: int, longest: float) -> None:
    """Kill so often, the next edit on top of what was left; the last `up` ends in the state of the file."""
    chance = random.Random(kills)  # noqa: S311  repeatable, not secret
    before: set[str] = set()
    for number in range(kills):
        edit = EDITS[number * len(EDITS) // kills]
        file.write_text(json.dumps({"deployments": edit}))
        killed(file, home, chance.uniform(0.3, longest))
        left = {item["name"] for item in modelscan("list") if item["name"].startswith("up-")}
        assert before & set(edit) <= left <= before | set(edit)
        before = left
    done = modelscan("up", str(file), "--prune", "--yes")
    assert [(action["name"], action["error"]) for action in done["actions"] if action["error"]] == []
    now = {item["name"]: item for item in modelscan("list") if item["name"].startswith("up-")}
    ready = {name for name, entry in EDITS[-1].items() if not entry.get("on_demand")}
    assert set(now) == set(EDITS[-1])
    assert {name for name, item in now.items() if item["status"] == "ready"} >= ready
    for name in ready:
        assert ask(now[name], "Hello", max_tokens=4)
    state = str(paths_below(home).state)
    alive = {item.deployment for item in tagged() if item.state == state}
    others = {item["id"] for item in modelscan("list") if not item["name"].startswith("up-")}
    assert alive - others == {item["id"] for item in now.values() if item["status"] == "ready"}
    assert modelscan("up", str(file), "--prune")["changed"] is False
    stopped = modelscan("down", str(file))
    assert {item["status"] for item in stopped} == {"stopped"}
    assert {item.deployment for item in tagged() if item.state == state} <= others


def test_up_that_is_killed_ten_times_ends_in_the_state_of_the_file(
    file: Path, real_home: Path, modelscan: Modelscan
) -> None:
    rounds(file, real_home, modelscan, kills=10, longest=5.0)
