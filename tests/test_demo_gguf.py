"""The demo as GGUF is what its script makes of the demo, to the byte."""

from __future__ import annotations

from pathlib import Path

from scripts.demo_model.gguf import MADE, SOURCE, converted

ROOT = Path(__file__).resolve().parent.parent


def test_the_shipped_file_is_what_the_script_makes() -> None:
    assert converted(ROOT / SOURCE) == (ROOT / MADE).read_bytes()
