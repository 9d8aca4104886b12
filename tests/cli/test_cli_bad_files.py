"""A file that is no YAML: what is wrong with it and where, in the same words whoever reads it, and usage (2)."""

from __future__ import annotations

from pathlib import Path

import pytest
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan


@pytest.fixture
def bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("bad.yaml").write_text("model: demo\ndeployment: {port: 1\n")
    return Path("bad.yaml")


def test_a_deployment_file(modelscan: Modelscan, bad: Path) -> None:
    ran = modelscan("plan", "--file", str(bad))
    assert (ran.status, ran.stdout, ran.stderr) == (
        2,
        "",
        snapshot("""\
error: `bad.yaml` is not YAML
  expected ',' or '}', but got '<stream end>', in line 3, column 1
hint: modelscan plan ID --format yaml writes one
"""),
    )


def test_a_catalog_file(modelscan: Modelscan, bad: Path) -> None:
    ran = modelscan("catalog", "add", str(bad))
    assert (ran.status, ran.stderr.splitlines()[:2]) == (
        2,
        snapshot(
            [
                "error: `bad.yaml` cannot be added to the catalog",
                "  not YAML: did not find expected ',' or '}', in line 3, column 1",
            ]
        ),
    )
