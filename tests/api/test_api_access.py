"""Who may ask, before anything of a request but its head is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from modelscan.api.app import build_app
from modelscan.selecting.context import Context
from modelscan.settings.reading import load_settings
from modelscan.storage.keys import ClientKey, change_keys, hash_of
from modelscan.storage.passes import COOKIE, page_sessions, page_tokens
from modelscan.storage.paths import paths_below
from modelscan.system.clock import SystemClock

HERE = "http://127.0.0.1:8090"
KEY = "sk-ms-planted"


def client(home: Path, *keys: ClientKey, needs_key: bool = False, **environ: str) -> TestClient:
    settings = load_settings({"MODELSCAN_HOME": str(home), **environ})
    if keys:
        home.joinpath("config").mkdir(exist_ok=True)
        change_keys(settings.paths.keys_file, lambda _: keys)
    app = build_app(Context(settings=settings), needs_key=needs_key, on_bug=print)
    return TestClient(app, base_url=HERE, follow_redirects=False)


def key(*, models: tuple[str, ...] = ()) -> ClientKey:
    return ClientKey(name="laptop", hash=hash_of(KEY), models=models, created_at="2026-01-01T00:00:00Z")


def test_without_keys_everybody_on_this_machine_may(home: Path) -> None:
    assert client(home).get("/api/v1/openapi.json").status_code == 200
    assert client(home, needs_key=True).get("/api/v1/openapi.json").status_code == 401


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {KEY}"}, {"cookie": f"{COOKIE}=x"}]
)
def test_who_shows_none_learns_nothing(home: Path, headers: dict[str, str]) -> None:
    asked = client(home, key())
    for method, path in [("GET", "/api/v1/openapi.json"), ("POST", "/nowhere"), ("DELETE", "/api/v1/health/x")]:
        refused = asked.request(method, path, headers=headers, content=b"{broken")
        assert (refused.status_code, refused.json()) == (401, {"error": "user not authenticated", "code": 401})
        assert refused.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("header", [("authorization", f"Bearer {KEY}"), ("x-api-key", KEY)])
def test_a_key_of_the_gateway_opens_it(home: Path, header: tuple[str, str]) -> None:
    assert client(home, key()).get("/api/v1/openapi.json", headers=dict([header])).status_code == 200


def test_one_that_is_for_some_models_does_not(home: Path) -> None:
    refused = client(home, key(models=("demo",))).get("/api/v1/jobs", headers={"authorization": f"Bearer {KEY}"})
    assert refused.json() == {"error": "the key `laptop` is for requests to models only", "code": 403}


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8090", 200),
        ("localhost", 200),
        ("[::1]:8090", 200),
        ("192.168.7.7:4000", 200),
        ("gpu.lab.example", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("", 421),
    ],
)
def test_only_names_of_this_machine_are_answered(home: Path, host: str, status: int) -> None:
    asked = client(home, MODELSCAN_API_ALLOWED_HOSTS="gpu.lab.example")
    assert asked.get("/api/v1/health", headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({}, False),
        ({"origin": HERE}, False),
        ({"sec-fetch-site": "same-origin"}, False),
        ({"origin": "http://evil.example"}, True),
        ({"origin": "null"}, True),
        ({"origin": "http://127.0.0.1:9999"}, True),
        ({"sec-fetch-site": "cross-site"}, True),
    ],
)
def test_no_other_site_s_page_changes_anything(home: Path, headers: dict[str, str], refused: bool) -> None:
    got = client(home).post("/api/v1/health", headers=headers)
    assert got.status_code == (403 if refused else 405)
    with_key = client(home, key()).post("/api/v1/health", headers={**headers, "x-api-key": KEY})
    assert with_key.status_code == 405  # a page of another site cannot know it


def test_the_page_s_cookie_opens_it_until_it_is_old(home: Path) -> None:
    asked, sessions = client(home, key()), page_sessions(paths_below(home), SystemClock())
    made = sessions.issue()
    assert asked.get("/api/v1/openapi.json", headers={"cookie": f"{COOKIE}={made}"}).status_code == 200
    [file] = (home / "state" / "api" / "sessions").iterdir()
    assert made not in file.name
    os.utime(file, (0, 0))
    assert asked.get("/api/v1/openapi.json", headers={"cookie": f"{COOKIE}={made}"}).status_code == 401


def test_a_token_is_taken_once(home: Path) -> None:
    tokens = page_tokens(paths_below(home), SystemClock())
    made = tokens.issue()
    assert [tokens.take(made), tokens.take(made), tokens.take("../../../etc"), tokens.take("x" * 43)] == [
        True,
        *[False] * 3,
    ]


def test_a_page_asks_to_sign_in(home: Path) -> None:
    refused = client(home, key()).get("/ui/")
    assert (refused.status_code, refused.headers["location"]) == (303, "/ui/sign-in")


def test_a_body_has_its_bounds(home: Path) -> None:
    asked = client(home, MODELSCAN_API_MAX_BODY="100")
    assert asked.post("/api/v1/health", content=b"x" * 101).status_code == 413
    refused = asked.get("/nowhere", headers={"content-length": "-1"})
    assert refused.status_code == 413


def test_methods_that_there_are_are_said(home: Path) -> None:
    refused = client(home).delete("/api/v1/health")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")
    assert refused.json() == {"error": "Method Not Allowed", "code": 405}
