"""A client of the API over a home of this test's own, a hub on this machine, and looks that wait for a state."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.cli.conftest import modelscan, vllm  # noqa: F401  fixtures
from tests.hubs.hub_server import GOOD_TOKEN, HubServer, Repo
from tests.s3 import s3, s3_client, s3_server  # noqa: F401  fixtures

from modelscan.api.app import build_app
from modelscan.selecting.context import Context
from modelscan.settings.environment import process_environment
from modelscan.settings.reading import load_settings
from modelscan.storage.shipped import shipped

MODELS = "/api/v1/playground/models"
CARD = b"""---
license: apache-2.0
---
# Tiny

[![badge](https://example.org/b.svg)](https://example.org)

A **tiny** model of [modelscan](https://example.org) that answers questions about itself.

## Use
"""
Waits = Callable[..., dict[str, Any]]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """It has `lab/tiny`, for everybody, and `lab/closed`, for those with a token."""
    files = {path.name: path.read_bytes() for path in shipped("demo").iterdir() if path.is_file()}
    with HubServer() as server:
        server.repos["lab/tiny"] = Repo(files={**files, "README.md": CARD}, license="apache-2.0")
        server.repos["lab/closed"] = Repo(files=files, private=True)
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        yield server


@pytest.fixture
def context(hub: HubServer, vllm: Path) -> Context:  # noqa: F811  each puts something into the environment
    return Context(settings=load_settings(process_environment()))


@pytest.fixture
def api(context: Context) -> TestClient:
    def fail(error: Exception) -> None:
        raise error

    return TestClient(build_app(context, on_bug=fail), base_url="http://127.0.0.1:8090")


@pytest.fixture
def seen(api: TestClient) -> Waits:
    """Look at a model until it is as it is to be; a field that has another value is waited for."""

    def wait(model_id: str, **wanted: str) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while True:
            now: dict[str, Any] = api.get(f"{MODELS}/{model_id}").json()
            if all(now.get(name) == value for name, value in wanted.items()):
                return now
            assert time.monotonic() < deadline, str(now)
            time.sleep(0.05)

    return wait


def local(home: Path, name: str = "tiny", **more: Any) -> dict[str, Any]:
    """The body for a local model in a folder of that name."""
    return {
        "source": {"url": "lab/tiny", "accessMode": "local"},
        "downloadTarget": {"type": "local", "localPath": str(home / "data" / "weights" / name)},
        **more,
    }


def remote(url: str = "http://127.0.0.1:9/v1", **more: Any) -> dict[str, Any]:
    return {"source": {"url": url, "accessMode": "remote_api"}, "displayName": "far", **more}


__all__ = ["GOOD_TOKEN"]
