"""The first words of a model's card. Pure."""

from __future__ import annotations

import re

from modelscan.parsing.text import clean

_LONGEST = 500
_FRONT_MATTER = re.compile(r"\A\s*---\s*\n.*?\n---\s*(?:\n|\Z)", re.DOTALL)
_HIDDEN = re.compile(r"<!--.*?-->|```.*?(?:```|\Z)|<(style|script|table)\b.*?</\1>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,2000}>")
_PICTURE = re.compile(r"\[?!\[[^\]]{0,500}\]\([^)]{0,2000}\)(?:\]\([^)]{0,2000}\))?")
_LINK = re.compile(r"\[([^\]]{1,500})\]\([^)]{0,2000}\)")
_MARK = re.compile(r"[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}")
_NOT_PROSE = ("#", "|", ">", "- ", "* ", "+ ", "1.", "===", "---", "[!")
_FEWEST_WORDS = 4


def first_paragraph(card: str) -> str:
    """The first paragraph of prose in Markdown, without marks, pictures and addresses; empty where there is none."""
    text = _PICTURE.sub("", _TAG.sub("", _HIDDEN.sub("", _FRONT_MATTER.sub("", card.replace("\r\n", "\n")))))
    for part in re.split(r"\n\s*\n", text):
        lines = [line.strip() for line in part.splitlines()]
        kept = [line for line in lines if line and not line.startswith(_NOT_PROSE)]
        said = clean(_MARK.sub("", _LINK.sub(r"\1", " ".join(kept))))
        if len(said.split()) >= _FEWEST_WORDS:
            return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1].rsplit(' ', 1)[0]}…"
    return ""
