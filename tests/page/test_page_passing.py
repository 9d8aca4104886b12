"""Requests of the playground on their way to a model: through a real gateway, with a key that no browser sees."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from page_house import PageHouse
from tests.gateway.fake_upstream import FakeUpstream
from tests.gateway.gateway_house import House, member

from modelscan.storage.keys import OF_THE_PAGE, change_keys, read_keys
from serving import serving


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("home"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    made = FakeUpstream()
    yield made
    made.close()


@pytest.fixture
def page(gateway: House, upstream: FakeUpstream) -> Iterator[PageHouse]:
    gateway.serve(member("demo", upstream.base_url))
    yield PageHouse(gateway.paths.state.parent)
    gateway.keys()


def test_where_no_gateway_runs_the_command_is_told(house: PageHouse) -> None:
    answer = house.client.post("/ui/gateway/v1/chat/completions", json={"model": "demo"})
    assert answer.json() == {"error": "the gateway is not running", "code": 500, "hints": ["modelscan gateway start"]}


def test_a_request_reaches_the_model_and_its_answer_the_page(page: PageHouse, upstream: FakeUpstream) -> None:
    answer = page.client.post("/ui/gateway/v1/chat/completions", json={"model": "demo", "stream": True, "n": 3})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert [line for line in answer.text.splitlines() if line][-1] == "data: [DONE]"
    method, path, headers, body = upstream.requests[-1]
    assert (method, path) == ("POST", "/v1/chat/completions")
    assert json.loads(body)["n"] == 3
    assert "cookie" not in headers
    assert "demo" in page.client.get("/ui/gateway/v1/models").text


def test_a_refusal_comes_as_it_is(page: PageHouse) -> None:
    answer = page.client.post("/ui/gateway/v1/chat/completions", json={"model": "nobody"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


def test_where_keys_are_asked_for_the_page_has_its_own(gateway: House, page: PageHouse) -> None:
    gateway.keys(laptop="sk-ms-laptop")
    page.client.headers["authorization"] = "Bearer sk-ms-laptop"  # to be let in, as a session would
    assert page.client.get("/ui/chat").status_code == 200
    names = [key.name for key in read_keys(gateway.paths.keys_file)]
    assert names == ["laptop", OF_THE_PAGE]
    deadline = time.monotonic() + 20
    while (answer := page.client.get("/ui/gateway/v1/models")).status_code == 401:  # the gateway reads them in a moment
        assert time.monotonic() < deadline
    assert answer.status_code == 200
    for path in ("/ui/chat", "/ui/activity"):
        assert "sk-ms-" not in page.get(path).replace("sk-ms-••••••••", "")


def test_its_key_goes_with_the_last_of_others(gateway: House, page: PageHouse) -> None:
    gateway.keys(laptop="sk-ms-laptop")
    page.client.headers["authorization"] = "Bearer sk-ms-laptop"
    page.get("/ui/chat")
    change_keys(gateway.paths.keys_file, lambda keys: tuple(key for key in keys if key.name != "laptop"))
    assert read_keys(gateway.paths.keys_file) == ()


def test_who_leaves_ends_the_request(page: PageHouse, upstream: FakeUpstream) -> None:
    body = {"model": "demo", "stream": True, "n": 10_000, "gap": 0.02}
    with serving(page.app) as base, httpx.stream("POST", f"{base}/ui/gateway/v1/chat/completions", json=body) as answer:
        assert next(answer.iter_lines()).startswith("data:")
    deadline = time.monotonic() + 20
    while not upstream.left:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_is_for_a_model_may_be_large(home: Path, page: PageHouse) -> None:
    large = {"model": "demo", "messages": [{"role": "user", "content": "x" * 2_000_000}]}
    assert page.client.post("/ui/gateway/v1/chat/completions", json=large).status_code == 200
    assert page.client.post("/ui/session", json={"key": "x" * 2_000_000}).status_code == 413


def test_only_its_own_page_may_ask(page: PageHouse) -> None:
    foreign = {"origin": "https://evil.example"}
    assert page.client.post("/ui/gateway/v1/chat/completions", json={}, headers=foreign).status_code == 403
