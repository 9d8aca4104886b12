"""Lines of a backend's log, freed of colour, progress bars' repeats and prefixes."""

from __future__ import annotations

from modelscan.parsing.regex import regex

# In characters. What a program prints may be of any length, and patterns see no more of it than this: the longest
# message that the tables know has 600.
LONGEST_MESSAGE = 2_000

_ANSI = regex(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
_PREFIXES = regex(
    r"(?:"
    r"\([A-Za-z_]\w*(?: pid=\d+)?\)\s*"  # (EngineCore pid=1234): vLLM's processes
    r"|\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[^\]]*\]\s*"  # [2026-11-21 04:57:03 TP0]: SGLang
    r"|(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)(?: \d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?)?(?: \[[^\]]+\]|:)\s*"
    r")+"
)


def message_of(line: str) -> str:
    """The message of a line, cut to a bounded length. Of a progress bar that rewrites itself, the last state."""
    states = (_ANSI.sub("", state[:LONGEST_MESSAGE]).strip() for state in reversed(line.split("\r")))
    text = next(filter(None, states), "")
    match = _PREFIXES.match(text)
    return text[match.end() :].strip() if match else text


def number(text: str) -> int:
    """`1,234` as a number."""
    return int(text.replace(",", ""))
