"""Text as it comes: never half a character, never a stop word; subtitles; words as sentences."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from modelscan_serving.handlers.ours.pieces import Text
from modelscan_serving.handlers.ours.sentences import sentences_of
from modelscan_serving.handlers.subtitles import srt


class Bytes:
    """A tokenizer whose tokens are bytes."""

    def decode(self, tokens: list[int], *, skip_special_tokens: bool) -> str:
        assert skip_special_tokens
        return bytes(tokens).decode("utf-8", "replace")


def said(text: str, *stop: str) -> tuple[list[str], bool]:
    """The pieces of a text that comes byte by byte, until a stop word came."""
    made = Text(Bytes(), stop)
    pieces = []
    for token in text.encode():
        pieces.append(made.add(token))
        if made.ended:
            break
    return [piece for piece in (*pieces, made.rest()) if piece], made.ended


def test_characters_come_whole() -> None:
    assert said("aé€😀") == (["a", "é", "€", "😀"], False)


def test_a_stop_word_is_never_said_and_what_only_looked_like_one_is() -> None:
    assert said("one STOP two", "STOP") == (["o", "n", "e", " "], True)
    assert said("a STO", "STOP") == (["a", " ", "STO"], False)
    assert said("a STORE", "STOP", "x") == (["a", " ", "STOR", "E"], False)


@given(st.text(max_size=40), st.lists(st.text("ab", min_size=1, max_size=3), max_size=3))
def test_all_up_to_the_first_stop_word_is_said(text: str, stop: list[str]) -> None:
    pieces, ended = said(text, *stop)
    ends = [end for end in range(len(text) + 1) if any(text[:end].endswith(word) for word in stop)]
    if ends:
        start = min(text[: ends[0]].find(word) for word in stop if word in text[: ends[0]])
        assert ("".join(pieces), ended) == (text[:start], True)
    else:
        assert ("".join(pieces), ended) == (text, False)


@given(st.lists(st.tuples(st.floats(0, 4e5), st.floats(0, 100), st.text(max_size=20)), max_size=5))
def test_subtitles_have_a_block_for_each_segment(segments: list[tuple[float, float, str]]) -> None:
    made = srt({"start": start, "end": start + length, "text": text} for start, length, text in segments)
    blocks = re.findall(r"^(\d+)\n\d\d+:\d\d:\d\d,\d{3} --> \d\d+:\d\d:\d\d,\d{3}\n", made, re.MULTILINE)
    assert blocks == [str(number) for number in range(1, len(segments) + 1)]


def test_words_make_sentences() -> None:
    words = [(0.0, 0.5, " One"), (0.5, 1.0, " two."), (1.0, 1.5, " Three")]
    made = [(item.start, item.end, item.text) for item in sentences_of(words)]
    assert made == [(0.0, 1.0, " One two."), (1.0, 1.5, " Three")]
    long = [(float(second), second + 1.0, " so") for second in range(45)]
    assert [round(item.end - item.start) for item in sentences_of(long)] == [21, 21, 3]


class Marked(Bytes):
    """Its tokens 1 and 2 are special."""

    def decode(self, tokens: list[int], *, skip_special_tokens: bool) -> str:
        assert not skip_special_tokens
        return bytes(tokens).decode().replace("\1", "<call>").replace("\2", "<end>")


def test_of_special_tokens_those_that_are_not_hidden_are_text() -> None:
    made = Text(Marked(), (), {2})
    assert "".join([*(made.add(token) for token in b"a\1b\2"), made.rest()]) == "a<call>b"
