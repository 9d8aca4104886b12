"""What reads from S3 is added beside a vLLM of ours: pinned by what is there, nothing else touched, undone by nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from environments_machine import Machine

from modelscan.environments.find import find_installations
from modelscan.environments.install import Interpreter
from modelscan.environments.streamer import add_streamer, can_stream, command_to_add
from modelscan.errors import BackendFailed, SourceUnavailable
from modelscan.model import Installation
from modelscan.system.clock import SystemClock

WANTED = "runai-model-streamer[s3]>=0.15.7,<0.18"
PINS = "boto3==1.44.5\nhumanize==4.17.0\nrunai-model-streamer==0.17.0\nrunai-model-streamer-s3==0.17.0\n"


def add(machine: Machine, installation: Installation, **answers: Any) -> Installation:
    """With a fake uv that has the pins, and a python in the environment that imports or does not."""
    python = Path(str(installation.python))
    python.write_text(answers.pop("imports", "#!/bin/sh\nexit 0\n"))
    python.chmod(0o755)
    plan = {"compile": {WANTED: {"pins": PINS}, **answers}, "sync": machine.sync, "install": {}}
    (machine.folder / "plan.json").write_text(json.dumps(plan))
    return add_streamer(
        installation,
        machine.settings,
        on_line=machine.lines.append,
        clock=SystemClock(),
        interpreter=Interpreter(program=str(machine.python), version=(3, 11)),
    )


def test_added_and_recorded(machine: Machine) -> None:
    made = machine.install()
    assert not can_stream(made)
    machine.lines.clear()
    added = add(machine, made)
    assert machine.said() == "adding Run:ai Model Streamer for S3, with boto3\nadded runai-model-streamer-s3 0.17.0"
    assert can_stream(added)
    assert find_installations(machine.settings) == [added]
    assert added.requirements == {
        **made.requirements,
        "boto3": "1.44.5", "runai-model-streamer": "0.17.0", "runai-model-streamer-s3": "0.17.0",
    }  # fmt: skip
    compiled, installed = [call["argv"] for call in machine.calls[-2:]]
    assert compiled[compiled.index("--constraint") + 1] == str(Path(made.path) / "requirements.txt")
    assert compiled[compiled.index("--python") + 1] == made.python
    assert installed == [
        "pip", "install", "--no-deps", "--python", made.python,
        "--requirement", str(Path(made.path) / "streamer.txt"),
    ]  # fmt: skip


def test_what_cannot_be_had(machine: Machine) -> None:
    made = machine.install()
    with pytest.raises(SourceUnavailable) as caught:
        add(machine, made, **{WANTED: {"error": "error: No solution found\n  cause: there is no version of it\n"}})
    assert caught.value.message == f"no reachable source has what `{WANTED}` needs"
    assert "then retry: modelscan backend install vllm --s3" in caught.value.hints
    assert find_installations(machine.settings) == [made]


def test_what_does_not_load_beside_it_does_not_count(machine: Machine) -> None:
    made = machine.install()
    with pytest.raises(BackendFailed) as caught:
        add(machine, made, imports="#!/bin/sh\necho 'OSError: libstreamer.so: wrong ELF class' >&2\nexit 1\n")
    assert caught.value.message == "the S3 reader does not load in the environment of `vllm-0.32.0-cpu`"
    assert caught.value.cause == ("OSError: libstreamer.so: wrong ELF class",)
    assert find_installations(machine.settings) == [made]


def test_the_command_for_an_environment_of_the_users() -> None:
    theirs = Installation(backend="vllm", version="0.33.0", device="cuda", program="/x/vllm", python="/my env/python")
    assert command_to_add(theirs) == (
        "'/my env/python' -m pip install --no-deps 'runai-model-streamer>=0.15.7,<0.18' "
        "'runai-model-streamer-s3>=0.15.7,<0.18' boto3 botocore s3transfer jmespath python-dateutil six humanize"
    )
