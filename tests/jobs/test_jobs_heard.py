"""What is kept of a command's lines."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from modelscan.jobs.heard import Heard, Hearing


def line(event: str, message: str, **fields: object) -> str:
    return json.dumps({"event": event, "at": "2026-11-30T12:00:00Z", "message": message, **fields})


def test_two_a_second_are_kept_and_the_last_before_something_else() -> None:
    hearing = Hearing()
    kept = [
        [heard.message for heard in hearing.line(line(kind, text), seconds) or ()]
        for seconds, kind, text in [
            (0.0, "pull", "1%"),
            (0.1, "pull", "2%"),
            (0.2, "pull", "3%"),
            (0.6, "pull", "4%"),
            (0.7, "pull", "5%"),
            (0.8, "phase", "loading"),
            (0.9, "phase", "loaded"),
            (0.9, "ready", "it is ready"),
            (0.9, "pull", "6%"),
        ]
    ]
    assert kept == [["1%"], [], [], ["4%"], [], ["5%", "loading"], [], ["loaded", "it is ready"], []]
    assert [heard.message for heard in hearing.rest()] == ["6%"]
    assert hearing.rest() == []


def test_an_event_is_taken_apart() -> None:
    [heard] = Hearing().line(line("pull", "half\x1b[31m", fraction=0.5, done_bytes=5), 0.0) or ()
    assert heard == Heard("pull", "half[31m", 0.5, "2026-11-30T12:00:00Z", {"fraction": 0.5, "done_bytes": 5})


def test_an_error_document_is_kept_apart() -> None:
    hearing = Hearing()
    assert hearing.line('{"error": {"code": "usage", "message": "no"}}', 0.0) == []
    assert hearing.error == {"code": "usage", "message": "no"}


@given(st.one_of(st.text(), st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps)))
def test_what_is_for_nobody_goes_to_the_log(text: str) -> None:
    assert Hearing().line(text, 0.0) is None
