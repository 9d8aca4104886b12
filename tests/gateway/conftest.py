"""One gateway for all tests of a module, and endpoints that do as they are told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_upstream import FakeUpstream
from gateway_house import House, member
from tests.fake_ollama import ollama  # noqa: F401  a fixture


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A gateway that asks for no key; keys of endpoints are in its environment."""
    folder: Path = tmp_path_factory.mktemp("gateway")
    made = House(folder, environ={"UPSTREAM_KEY": "sk-upstream-secret", "MODELSCAN_GATEWAY_MAX_BODY": "3000000"})
    made.start()
    yield made
    made.stop()


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    made = FakeUpstream()
    yield made
    made.close()


@pytest.fixture
def other() -> Iterator[FakeUpstream]:
    made = FakeUpstream()
    yield made
    made.close()


@pytest.fixture
def house(running: House, upstream: FakeUpstream) -> Iterator[House]:
    """With one endpoint, `demo`, that also answers to `lab/demo`."""
    running.serve(member("demo", upstream.base_url, serves=("demo", "lab/demo")), names={"lab/demo": ("demo",)})
    yield running
    if getattr(running, "master", ""):
        running.keys()
