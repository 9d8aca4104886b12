"""Nothing drifts: what is made from the program is what `make docs` would make now."""

from __future__ import annotations

import pytest
from scripts.generate import ROOT, generated


@pytest.mark.slow
def test_pages_schemas_and_completions_are_in_step() -> None:
    differing = [
        str(path.relative_to(ROOT))
        for path, text in generated().items()
        if not path.exists() or path.read_text() != text
    ]
    assert differing == [], "make docs"
