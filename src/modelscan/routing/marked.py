"""Which entries of routing.yaml are ours, by their mark: for those that only compare, without the YAML parser."""

from __future__ import annotations

import re
from pathlib import Path

from modelscan.parsing.regex import regex

MARK = "# managed by modelscan"
_MARKED = regex(rf"^ *- name: \"?([A-Za-z0-9._-]+)\"? *{re.escape(MARK)}", re.MULTILINE)


def marked_names(path: Path) -> frozenset[str]:
    """The names of our entries, as they are written; none where the file cannot be read."""
    try:
        return frozenset(_MARKED.findall(path.read_text(encoding="utf-8", errors="replace")))
    except OSError:
        return frozenset()
