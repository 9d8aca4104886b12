"""A pull that failed: begun again by itself where a hub could not be reached, by a client's word otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from inline_snapshot import snapshot
from tests.playground.conftest import MODELS, local
from tests.playground.test_playground_machine import World

from modelscan import dataclasses
from modelscan.api.app import build_app
from modelscan.playground.again import when_again
from modelscan.verbs.playground.resume import continue_pulls, resume_models

AT = "2026-12-01T00:00:00Z"


@pytest.fixture
def world(home: Path) -> Iterator[World]:
    made = World(home)
    yield made
    for lock in made.locks.values():
        lock.release()


@pytest.fixture
def api(world: World) -> TestClient:
    return TestClient(build_app(world.context, on_bug=lambda _: None), base_url="http://127.0.0.1:8090")


def told(api: TestClient, model: str) -> tuple[str, str]:
    now = api.get(f"{MODELS}/{model}").json()
    return now["phase"], now["message"]


def test_what_could_not_be_reached_is_pulled_again_until_it_is(world: World, api: TestClient, home: Path) -> None:
    model = api.post(MODELS, json=local(home)).json()["id"]
    shown = []
    for _ in range(6):
        (job,) = world.running()
        world.end(job, "unreached")
        shown.append(told(api, model))
        assert world.running() == []
        world.sleep(29)
        assert (continue_pulls(world.context), resume_models(world.context)) == ((), ())
        assert world.running() == []
        world.sleep(900)
        assert continue_pulls(world.context) == ()
    assert shown == snapshot(
        [
            ("Pending", "it failed; it is tried again at 2026-12-01T00:00:30Z"),
            ("Pending", "it failed; it is tried again at 2026-12-01T00:17:29Z"),
            ("Pending", "it failed; it is tried again at 2026-12-01T00:38:58Z"),
            ("Pending", "it failed; it is tried again at 2026-12-01T01:01:27Z"),
            ("Pending", "it failed; it is tried again at 2026-12-01T01:16:56Z"),
            ("Failed", "it failed"),
        ]
    )
    assert told(api, model) == ("Failed", "it failed")


def test_a_client_has_a_failed_one_pulled_anew(world: World, api: TestClient, home: Path) -> None:
    model = api.post(MODELS, json=local(home)).json()["id"]
    early = api.post(f"{MODELS}/{model}/pull")
    assert (early.status_code, early.json()) == snapshot(
        (409, {"error": "its pull has not failed: its phase is Pulling", "code": 409})
    )
    world.end(world.running()[0], "failed")
    answer = api.post(f"{MODELS}/{model}/pull")
    assert (answer.status_code, answer.json()["phase"]) == (200, "Pulling")
    world.end(world.running()[0], "done")
    assert told(api, model) == ("Ready", "Download completed successfully")
    assert api.post(f"{MODELS}/model-zzzzz/pull").status_code == 404


def test_nothing_is_asked_again_that_would_say_the_same(world: World, api: TestClient, home: Path) -> None:
    model = api.post(MODELS, json=local(home)).json()["id"]
    offline = dataclasses.replace(world.context.settings, offline=True)
    world.end(world.running()[0], "unreached")
    closed = TestClient(build_app(dataclasses.replace(world.context, settings=offline), on_bug=lambda _: None))
    closed.base_url = api.base_url
    assert told(closed, model) == ("Failed", "it failed")
    for error in ({"code": "gated"}, {"code": "source_unavailable", "details": {"status": 404}}, {}):
        assert when_again(error, AT, 1) == ""
    busy = {"code": "source_unavailable", "details": {"status": 429, "retry_after": 120}}
    assert when_again(busy, AT, 1) == "2026-12-01T00:02:00Z"
