"""Lines of a backend's log, freed of colour, progress bars' repeats and prefixes."""

from __future__ import annotations

import re

_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*(?:\x07|\x1b\\))")
_PREFIXES = re.compile(
    r"(?:"
    r"\([A-Za-z_]\w*(?: pid=\d+)?\)\s*"  # (EngineCore pid=1234): vLLM's processes
    r"|\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[^\]]*\]\s*"  # [2026-11-21 04:57:03 TP0]: SGLang
    r"|(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)(?: \d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?)?(?: \[[^\]]+\]|:)\s*"
    r")+"
)


def message_of(line: str) -> str:
    """The message of a line. Of a progress bar that rewrites itself, the last state."""
    text = _ANSI.sub("", line)
    text = next((part for part in reversed(text.split("\r")) if part.strip()), "").strip()
    match = _PREFIXES.match(text)
    return text[match.end() :].strip() if match else text


def number(text: str) -> int:
    """`1,234` as a number."""
    return int(text.replace(",", ""))
