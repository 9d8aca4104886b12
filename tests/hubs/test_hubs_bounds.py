"""What a hub answers is bounded: names, files, pages, time; what it says never reaches a terminal as it is."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.errors import ModelscanError, SourceUnavailable
from modelscan.hubs.files import RemoteFile
from modelscan.hubs.huggingface.client import _bounded
from modelscan.hubs.s3.client import list_objects
from modelscan.parsing.text import clean_line
from modelscan.system.http import HttpAnswer
from modelscan.weights.address import parse_s3


@pytest.mark.parametrize("path", ["a" * 241, "x/" + "ö" * 121, "/".join("ab" for _ in range(2_000)), "\ud800" * 300])
def test_a_name_that_no_file_system_takes(path: str) -> None:
    with pytest.raises(ModelscanError, match="too long for a file"):
        RemoteFile(path=path, size_bytes=1)
    assert RemoteFile(path="a" * 240, size_bytes=1).path


def test_a_listing_without_an_end() -> None:
    with pytest.raises(ValueError, match="does not end"):
        list(_bounded(itertools.repeat(object())))
    assert len(list(_bounded(range(49_999)))) == 49_999


class Endless:
    """S3 whose pages lead to the next one for ever."""

    pages = 0

    def call_s3(self, *_: Any, **__: Any) -> dict[str, Any]:
        self.pages += 1
        key = f"p/{self.pages}"
        return {
            "Contents": [{"Key": key, "Size": 1, "ETag": "e"}],
            "IsTruncated": True,
            "NextContinuationToken": key,
        }


def test_pages_without_an_end() -> None:
    client = Endless()
    with pytest.raises(ModelscanError, match="more than 50000 objects"):
        list_objects(client, parse_s3("s3://bucket/p"))
    assert client.pages == 50


def test_an_answer_that_trickles_is_given_up() -> None:
    answer = HttpAnswer(200, {}, itertools.repeat(b"x"))
    with pytest.raises(SourceUnavailable, match="took longer than"):
        answer.read(limit=10**12, longest=0.05)
    with pytest.raises(SourceUnavailable, match="is larger than"):
        HttpAnswer(200, {}, itertools.repeat(b"x" * 1000)).read(limit=5_000)


@given(st.text(max_size=300))
def test_a_line_of_a_message_cannot_steer_a_terminal(text: str) -> None:
    shown = clean_line(text, 100)
    assert len(shown) <= 100
    assert not any(ord(sign) < 32 or 0x7F <= ord(sign) <= 0x9F or 0x202A <= ord(sign) <= 0x202E for sign in shown)
    assert clean_line(shown, 100) == shown


def test_inner_spaces_of_a_line_stay() -> None:
    assert clean_line("name  digest") == "name  digest"
    assert clean_line("a\x1b[31mb\nc") == "a[31mb c"
