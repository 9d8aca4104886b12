"""An answer on a terminal: broken between words while it is being written."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from modelscan.cli.output.word_wrap import WordWrap

_BACK = re.compile(r"\x1b\[(\d+)D\x1b\[K")


def screen(written: str, width: int) -> list[str]:
    """The lines of a terminal of this width, which breaks what is longer in mid-word."""
    lines = [""]
    for part in re.split(r"(\x1b\[\d+D\x1b\[K|\n)", written):
        if taken := _BACK.fullmatch(part):
            assert int(taken[1]) <= len(lines[-1])
            lines[-1] = lines[-1][: -int(taken[1])]
        elif part == "\n":
            lines.append("")
        else:
            for letter in part:
                if len(lines[-1]) == width:
                    lines.append("")
                lines[-1] += letter
    return lines


def shown(text: str, width: int, pieces: int = 1) -> list[str]:
    wrap = WordWrap(width)
    return screen("".join(wrap.feed(text[at : at + pieces]) for at in range(0, len(text), pieces)), width)


def test_words_stay_whole() -> None:
    assert shown("The quick brown fox jumps", 11) == ["The quick ", "brown fox ", "jumps"]


def test_what_is_longer_than_a_line_is_left_to_the_terminal() -> None:
    assert shown("see https://example.org/a/b", 12) == ["see ", "https://exam", "ple.org/a/b"]


def test_code_is_never_broken_by_us() -> None:
    wrap = WordWrap(20)
    text = "Run:\n```sh\nmodelscan plan qwen3-8b --hardware rtx-4090\n```\nand then read what it says"
    assert "".join(map(wrap.feed, text)).startswith(text.rpartition("\n")[0])


def test_scripts_without_spaces_break_anywhere() -> None:
    wrap = WordWrap(7)
    assert "".join(map(wrap.feed, "你好世界")) == "你好世\n界"


@given(
    words=st.lists(st.text("abcdef", min_size=1, max_size=30), min_size=1, max_size=30),
    width=st.integers(8, 40),
    pieces=st.integers(1, 9),
)
def test_every_word_that_fits_is_whole_and_none_is_lost(words: list[str], width: int, pieces: int) -> None:
    lines = shown(" ".join(words), width, pieces)
    assert "".join(lines).replace(" ", "") == "".join(words)
    if all(len(word) < width for word in words):
        assert [word for line in lines for word in line.split()] == words
