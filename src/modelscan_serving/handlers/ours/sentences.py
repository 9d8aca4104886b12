"""Words as sentences: segments, where a library gives words alone."""

from __future__ import annotations

from collections.abc import Iterable

from modelscan_serving.handlers.protocols import Segment

_ENDS = (".", "?", "!", "。", "？", "！")  # noqa: RUF001  how other scripts end them
_LONGEST_SECONDS = 20.0


def sentences_of(words: Iterable[tuple[float, float, str]]) -> list[Segment]:
    """Each word with its start and end; a sentence of more than 20 seconds is cut."""
    made: list[Segment] = []
    open_: Segment | None = None
    for start, end, text in words:
        open_ = Segment(open_.start, end, open_.text + text) if open_ is not None else Segment(start, end, text)
        if text.rstrip().endswith(_ENDS) or end - open_.start > _LONGEST_SECONDS:
            made.append(open_)
            open_ = None
    return [*made, open_] if open_ is not None else made
