"""The chat template is read, not only looked for: a parser that it does not write for is left out, and that is said."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from inline_snapshot import snapshot
from tests.cli.conftest import Ran
from tests.hubs.hub_server import HubServer, Repo

from modelscan.storage.shipped import shipped

HERMES = b"{% if tools %}<tool_call>{{ call | tojson }}</tool_call>{% endif %}{{ messages }}"
XML = b"{% if tools %}<function={{ call.name }}></function>{% endif %}{{ messages }}"


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        yield server


PLAN = ("plan", "Qwen/Qwen3-0.6B", "--quantization", "BF16", "--hardware", "rtx-4090")


def planned(hub: HubServer, template: bytes) -> Ran:
    """A plan of a model that calls tools, whose repo has this chat template."""
    files = {path.name: path.read_bytes() for path in shipped("demo").iterdir()}
    hub.repos["Qwen/Qwen3-0.6B"] = Repo(files={**files, "chat_template.jinja": template})
    environ = os.environ | {"HF_ENDPOINT": hub.endpoint, "HF_HUB_OFFLINE": "0", "NO_PROXY": "*"}
    for words in (("pull", *PLAN[1:4]), PLAN):
        done = subprocess.run(
            [sys.executable, "-m", "modelscan", *words], env=environ, capture_output=True, text=True, check=False
        )
    return Ran(done.returncode, done.stdout, done.stderr)


def about_parsers(ran: Ran) -> list[str]:
    assert ran.status == 0, ran.stderr
    return [line for line in ran.stdout.splitlines() if "parser" in line]


def test_that_of_the_line_writes_its_format(hub: HubServer) -> None:
    assert about_parsers(planned(hub, HERMES)) == snapshot(
        [
            "Model         reasoning-parser qwen3, tool-call-parser hermes, from gpustack (for --reasoning-parser=deepseek_r1: Qwen3 has a parser of its own) and the chat format of qwen 3"
        ]
    )


def test_one_that_writes_another_format(hub: HubServer) -> None:
    assert about_parsers(planned(hub, XML)) == snapshot(
        [
            "Model         reasoning-parser qwen3, from gpustack (for --reasoning-parser=deepseek_r1: Qwen3 has a parser of its own)",
            "Model         its chat template has no `<tool_call>`, which hermes reads, so no tool-call parser is set: tool calls arrive as text in the answer; if you know it: --backend-arg=--tool-call-parser=NAME --backend-arg=--enable-auto-tool-choice",
        ]
    )
