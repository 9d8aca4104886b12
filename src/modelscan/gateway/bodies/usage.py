"""The tokens that an answer says it took: of its end, where OpenAI's and Anthropic's shapes have them. Pure."""

from __future__ import annotations

import re

_COUNT = rb'"%s"\s*:\s*(\d{1,12})'
_INPUT = re.compile(_COUNT % b"(?:prompt|input)_tokens")
_OUTPUT = re.compile(_COUNT % b"(?:completion|output)_tokens")


def tokens_of(tail: bytes) -> tuple[int | None, int | None]:
    """Tokens read and written, None where the end of the answer does not say."""
    start = tail.rfind(b'"usage"')
    if start < 0:
        return None, None
    read, written = _INPUT.search(tail, start), _OUTPUT.search(tail, start)
    return (int(read[1]) if read else None), (int(written[1]) if written else None)
