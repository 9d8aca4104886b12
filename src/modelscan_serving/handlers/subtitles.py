"""Segments of speech as subtitles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def srt(segments: Iterable[Mapping[str, Any]]) -> str:
    blocks = (
        f"{number}\n{_clock(item['start'], ',')} --> {_clock(item['end'], ',')}\n{_line(item)}\n"
        for number, item in enumerate(segments, 1)
    )
    return "\n".join(blocks)


def vtt(segments: Iterable[Mapping[str, Any]]) -> str:
    blocks = (f"\n{_clock(item['start'], '.')} --> {_clock(item['end'], '.')}\n{_line(item)}\n" for item in segments)
    return "WEBVTT\n" + "".join(blocks)


def _clock(seconds: float, point: str) -> str:
    thousandths = max(round(seconds * 1000), 0)
    minutes, rest = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{point}{rest % 1000:03}"


def _line(segment: Mapping[str, Any]) -> str:
    """On one line: an empty one would end the block. `-->` may not be in it."""
    return " ".join(str(segment["text"]).split()).replace("-->", "->")
