"""Who may ask, and that no key goes where it does not belong."""

from __future__ import annotations

import pytest
from fake_upstream import FakeUpstream
from gateway_house import House, member, until

from modelscan.gateway.access import Gatekeeper
from modelscan.gateway.http.answers import Refusal


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/chat/completions"),
        ("GET", "/v1/models"),
        ("GET", "/metrics"),
        ("GET", "/v1/nothing"),
        ("POST", "/v1/audio/transcriptions"),
        ("GET", "/v1/chat/completions"),
        ("POST", "/v1/messages"),
    ],
)
@pytest.mark.slow
def test_without_a_key_nothing_but_health_is_answered(house: House, method: str, path: str) -> None:
    house.keys(laptop="sk-1")
    body = {"model": "demo"} if method == "POST" else None
    for headers in ({}, bearer("sk-2"), {"authorization": "Basic sk-1"}, {"x-api-key": "sk"}):
        answer = house.ask(method, path, body, headers=headers)
        assert answer.status == 401
        assert answer.json["error"]["code"] == "invalid_api_key"
    assert house.ask("GET", "/health").status == 200
    assert house.ask("HEAD", "/").status == 200


@pytest.mark.parametrize("headers", [bearer("sk-1"), {"x-api-key": "sk-1"}, {"authorization": "bearer  sk-1"}])
def test_a_key_opens_and_stays_here(house: House, upstream: FakeUpstream, headers: dict[str, str]) -> None:
    house.keys(laptop="sk-1")
    house.serve(member("demo", upstream.base_url, api_key_env="UPSTREAM_KEY"))
    sent = {**headers, "cookie": "session=1", "x-kept": "yes"}
    answer = house.ask("POST", "/v1/chat/completions", {"model": "demo", "do": "echo"}, headers=sent)
    assert answer.status == 200
    arrived = upstream.requests[-1][2]
    assert arrived["authorization"] == "bearer sk-upstream-secret"
    assert arrived["x-kept"] == "yes"
    assert "sk-1" not in str(arrived)
    assert not {"x-api-key", "cookie"} & set(arrived)
    assert "sk-upstream-secret" not in str(answer.headers)


def test_a_key_for_some_models(house: House, upstream: FakeUpstream) -> None:
    house.serve(member("demo", upstream.base_url), member("big", upstream.base_url), aliases={"small": "demo"})
    house.keys(laptop="sk-1", ci=("sk-2", ("demo",), None))
    assert house.ask("POST", "/v1/chat/completions", {"model": "small"}, headers=bearer("sk-2")).status == 200
    refused = house.ask("POST", "/v1/chat/completions", {"model": "big"}, headers=bearer("sk-2"))
    assert (refused.status, refused.json["error"]["code"]) == (403, "model_not_allowed")
    assert len(upstream.requests) == 1
    listed = house.ask("GET", "/v1/models", headers=bearer("sk-2")).json["data"]
    assert [item["id"] for item in listed] == ["demo", "small"]


def test_a_key_with_a_rate(house: House) -> None:
    house.keys(laptop="sk-1", ci=("sk-2", (), 2))
    answers = [house.ask("POST", "/v1/chat/completions", {"model": "demo"}, headers=bearer("sk-2")) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 31
    assert house.ask("POST", "/v1/chat/completions", {"model": "demo"}, headers=bearer("sk-1")).status == 200


def test_neither_prompt_nor_key_is_logged(house: House, upstream: FakeUpstream) -> None:
    house.keys(laptop="sk-1-visible")
    house.serve(member("demo", upstream.base_url, api_key_env="UPSTREAM_KEY"))
    house.ask(
        "POST",
        "/v1/chat/completions?key=sk-1-visible",
        {"model": "demo", "messages": ["a secret prompt"]},
        headers={**bearer("sk-1-visible"), "x-request-id": "mine-1"},
    )
    house.ask("GET", "/v1/models", headers=bearer("sk-wrong"))
    house.ask("GET", "/v1/models", headers=bearer("sk-1-visible"))
    until(lambda: "mine-1" in house.log(), what="the log")
    text = house.log()
    line = next(line for line in text.splitlines() if "mine-1" in line)
    assert "POST /v1/chat/completions 200 demo demo" in line
    assert line.endswith("mine-1 laptop")
    for secret in ("secret prompt", "sk-1-visible", "sk-wrong", "sk-upstream"):
        assert secret not in text
    for path in house.paths.state.parent.rglob("*"):
        if path.is_file():
            assert b"sk-upstream-secret" not in path.read_bytes()
            assert b"sk-1-visible" not in path.read_bytes()


def test_a_request_id_goes_in_and_out(house: House, upstream: FakeUpstream) -> None:
    answer = house.ask("POST", "/v1/chat/completions", {"model": "demo"}, headers={"x-request-id": "abc-1"})
    assert answer.headers["x-request-id"] == "abc-1"
    assert upstream.requests[-1][2]["x-request-id"] == "abc-1"
    assert house.chat().headers["x-request-id"].startswith("req-")


def test_where_others_can_reach_it_nobody_gets_in_without_a_key() -> None:
    nobody = Gatekeeper((), required=True)
    assert isinstance(nobody.key_of(b"", b""), Refusal)
    assert isinstance(nobody.replaced(()).key_of(b"Bearer sk-1", b""), Refusal)
    assert Gatekeeper(()).key_of(b"", b"") is None
