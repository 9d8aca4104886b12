"""`deploy --sleep`: who may, and what is said to those who may not."""

from __future__ import annotations

from pathlib import Path

import pytest
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan

pytestmark = pytest.mark.usefixtures("vllm")


def test_what_cannot_sleep_is_refused_with_the_reason(modelscan: Modelscan, folder: Path) -> None:
    refused = modelscan("deploy", str(folder), "--on-demand", "--sleep")
    assert (refused.status, refused.stderr[refused.stderr.index("error:") :]) == snapshot(
        (
            2,
            """\
error: vLLM cannot sleep here: it has no sleep mode on the CPU
hint: drop --sleep: idle, it is stopped, and started anew
""",
        )
    )
    assert modelscan("list", "--json").json == []
    refused = modelscan("deploy", str(folder), "--sleep")
    assert (refused.status, refused.stderr[refused.stderr.index("error:") :]) == snapshot(
        (
            2,
            """\
error: `--sleep` is for deployments that requests start
  it sleeps when the gateway would stop it, and its next request there wakes it
hint: add --on-demand
""",
        )
    )
    refused = modelscan("deploy", str(folder), "--on-demand", "--sleep", "--port", "8999", "--json")
    assert (refused.status, refused.error["message"]) == snapshot(
        (2, "`--port` cannot be combined with `--sleep`: it listens on a Unix socket")
    )
