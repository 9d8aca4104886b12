"""Signing in: a link that works once, a key, and what the browser keeps."""

from __future__ import annotations

from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from page_house import PageHouse

from modelscan.storage.keys import ClientKey, change_keys, hash_of
from modelscan.storage.passes import COOKIE, page_tokens

KEY = "sk-ms-planted"


@pytest.fixture
def closed(home: Path) -> PageHouse:
    made = PageHouse(home)
    home.joinpath("config").mkdir()
    keys = [
        ClientKey(name="laptop", hash=hash_of(KEY), created_at="2026-01-01T00:00:00Z"),
        ClientKey(name="one", hash=hash_of("sk-ms-one"), models=("demo",), created_at="2026-01-01T00:00:00Z"),
    ]
    change_keys(made.context.settings.paths.keys_file, lambda _: tuple(keys))
    return made


def test_who_is_not_signed_in_is_led_there(closed: PageHouse) -> None:
    answer = closed.client.get("/ui/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/sign-in")
    assert closed.get("/ui/sign-in")
    piece = closed.client.get("/ui/sign-in", headers={"HX-Request": "true"})
    assert piece.headers["hx-redirect"] == "/ui/sign-in"


def test_a_link_opens_the_page_once(closed: PageHouse) -> None:
    token = page_tokens(closed.context.settings.paths, closed.context.clock).issue()
    answer = closed.client.post("/ui/session", json={"token": token})
    assert answer.status_code == 204
    cookie = SimpleCookie(answer.headers["set-cookie"])[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "strict", "/", "")
    assert closed.client.get("/ui/").status_code == 200
    again = closed.client.post("/ui/session", json={"token": token})
    assert again.json() == {
        "error": "this link was used already, or is too old; a new link is opened by: modelscan ui",
        "code": 401,
    }


def test_over_tls_the_cookie_stays_there(closed: PageHouse) -> None:
    token = page_tokens(closed.context.settings.paths, closed.context.clock).issue()
    answer = closed.client.post("https://127.0.0.1:8090/ui/session", json={"token": token})
    assert SimpleCookie(answer.headers["set-cookie"])[COOKIE]["secure"]


def test_a_key_opens_it_too_but_none_that_is_for_some_models(closed: PageHouse) -> None:
    assert closed.client.post("/ui/session", json={"key": "sk-ms-one"}).status_code == 401
    assert closed.client.post("/ui/session", json={"key": "wrong"}).status_code == 401
    assert closed.client.post("/ui/session", json={}).status_code == 401
    assert closed.client.post("/ui/session", json={"key": KEY}).status_code == 204
    assert closed.client.get("/ui/find").status_code == 200


def test_signed_out_is_signed_out(closed: PageHouse) -> None:
    closed.client.post("/ui/session", json={"key": KEY})
    kept = closed.client.cookies[COOKIE]
    assert closed.client.delete("/ui/session").status_code == 204
    assert not closed.client.cookies
    assert closed.client.get("/ui/", headers={"cookie": f"{COOKIE}={kept}"}).status_code == 303


def test_another_sites_page_cannot_sign_in(closed: PageHouse) -> None:
    refused = closed.client.post("/ui/session", json={"key": KEY}, headers={"origin": "https://evil.example"})
    assert refused.status_code == 403
