"""Weights that stay in S3, read by a real vLLM: brought there, deployed from there, started again, the keys kept by nobody."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.end_to_end.conftest import ask, command_lines, user_environment
from tests.s3 import SECRET, credentials, s3_client, s3_server  # noqa: F401  fixtures

pytestmark = pytest.mark.slow
PLACE = "s3://bucket/models/demo"


@pytest.fixture
def modelscan(real_home: Path, s3_server: str, tmp_path: Path) -> Callable[..., Any]:  # noqa: F811
    environ = user_environment(real_home) | credentials(s3_server, tmp_path)

    def modelscan(*arguments: str) -> tuple[Any, str]:
        command = [sys.executable, "-m", "modelscan", *arguments]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert SECRET not in done.stdout + done.stderr
        return json.loads(done.stdout) if "--json" in arguments else done.stdout, done.stderr

    return modelscan


def test_brought_to_s3_and_served_from_there(
    modelscan: Callable[..., Any], s3_client: Any, real_home: Path  # noqa: F811
) -> None:  # fmt: skip
    s3_client.call_s3("create_bucket", Bucket="bucket")
    modelscan("pull", "demo", "--to", PLACE)
    deployment, _ = modelscan("deploy", PLACE, "--name", "far", "--yes", "--json")
    try:
        assert (deployment["status"], deployment["source"]) == ("ready", "s3")
        assert "modelscan" in ask(deployment, "What is modelscan?")
        assert not any(SECRET.encode() in line for line in command_lines())
        modelscan("stop", "far")
        s3_client.pipe("bucket/models/demo/README.md", b"changed")
        _, said = modelscan("start", "far")
        assert "have changed since `far` was planned" in said
        assert "modelscan" in ask(deployment, "What is modelscan?")
    finally:
        modelscan("stop", "far")
    for path in real_home.rglob("*"):
        if path.is_file() and "site-packages" not in path.parts:
            assert SECRET.encode() not in path.read_bytes(), path
    modelscan("remove", "far", "--purge-weights", "--yes")
    assert len(s3_client.find("bucket/models/demo")) > 5
