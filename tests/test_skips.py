"""A skip is a test that proves nothing: `.ci/run` takes it only where it is written down."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import ALLOWED_SKIPS, allowed_skips

ROOT = Path(__file__).resolve().parents[1]
SKIPPING = """
import pytest
def test_it():
    pytest.skip("not today")
"""


@pytest.mark.slow
def test_a_skip_that_nobody_wrote_down_fails(tmp_path: Path) -> None:
    file = tmp_path / "test_skipping.py"
    file.write_text(SKIPPING)
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", str(file)]
    argv += ["-c", "/dev/null", "--rootdir", str(tmp_path), "--strict-skips"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "skipped, and not in allowed_skips.txt: test_skipping.py::test_it: not today" in done.stdout


def test_each_that_is_allowed_is_a_test_of_ours_with_a_reason() -> None:
    for test, reason in allowed_skips(ALLOWED_SKIPS.read_text(encoding="utf-8")):
        file, _, name = test.partition("::")
        text = (ROOT / file).read_text(encoding="utf-8")
        assert f"def {name}" in text
        assert reason
        assert reason in text
