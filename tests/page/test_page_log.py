"""A log as it is followed over HTTP: from a place on, by so many at once, and until nobody listens."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
from page_house import PageHouse

from modelscan.api.app import build_app
from modelscan.deployments.files import files_of
from serving import serving

FOLLOW = "/api/v1/deployments/coder/logs/follow"


def lines_in(text: str) -> list[tuple[str, str]]:
    """Places and texts."""
    blocks = [dict(row.split(": ", 1) for row in block.splitlines()) for block in text.split("\n\n") if block]
    return [(block.get("id", ""), json.loads(block["data"])["text"]) for block in blocks if block["event"] == "line"]


def test_a_log_goes_on_where_it_was(house: PageHouse) -> None:
    made = house.deployed("coder", status="stopped")
    file = files_of(house.context.settings.paths, made.id).folder / "backend.log"
    house.logged(made)
    at = "2026-11-21T03:52:00.218Z"
    file.write_text(f"{at} one\n{at} two\ntorn\n2026-11-21T03:52:01.000Z three\n")
    whole = house.get(FOLLOW)
    assert lines_in(whole) == [
        (f"{at}/1", "one"),
        (f"{at}/2", "two"),
        (f"{at}/2", "torn"),
        ("2026-11-21T03:52:01.000Z/1", "three"),
    ]
    assert whole.endswith("event: end\ndata: {}\n\n")
    assert [text for _, text in lines_in(house.get(f"{FOLLOW}?after={at}/1"))] == ["two", "three"]
    known = {"Last-Event-ID": "2026-11-21T03:52:01.000Z/1"}
    assert lines_in(house.get(f"{FOLLOW}?after={at}/1", **known)) == []
    assert [text for _, text in lines_in(house.get(f"{FOLLOW}?tail=1"))] == ["three"]
    house.get(f"{FOLLOW}?after=yesterday", status=400)


def test_who_leaves_sets_a_thread_free_for_the_next(house: PageHouse) -> None:
    made = house.deployed("coder", status="starting")
    house.logged(made, "one")
    app: Any = build_app(house.context, most_followers=1, on_bug=house.bugs.append)
    with serving(app) as base, httpx.Client(base_url=base, timeout=20) as client:
        with client.stream("GET", FOLLOW) as first:
            heard = first.iter_lines()  # kept: an iterator that is dropped closes the answer
            assert next(heard).startswith("id: ")
            second = client.get(FOLLOW)
            assert (second.status_code, second.json()) == (503, {"error": "1 logs are followed already", "code": 503})
            assert second.headers["retry-after"] == "5"
        deadline = time.monotonic() + 20
        while app.state.followers.count:  # nothing is written meanwhile
            assert time.monotonic() < deadline
            time.sleep(0.01)
        with client.stream("GET", FOLLOW) as third:
            assert next(third.iter_lines()).startswith("id: ")
