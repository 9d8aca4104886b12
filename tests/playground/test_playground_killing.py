"""kill -9 of the API in every phase, with two clients at once: no lost model, no orphan, no double inference, and no
secret without its model.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Modelscan, free_port
from tests.gateway.gateway_house import until
from tests.hubs.hub_server import HubServer
from tests.playground.conftest import MODELS, local
from tests.playground.test_playground_models import holding, jobs

from modelscan.playground.store import PlaygroundStore
from modelscan.services.files import read_status, service_files
from modelscan.services.service import API
from modelscan.storage.locks import is_held
from modelscan.storage.paths import Paths, paths_below
from modelscan.storage.secrets import own_secrets_file
from modelscan.system.processes.identity import tagged

pytestmark = pytest.mark.slow
_ALL_ROUNDS = 50
ROUNDS = min(_ALL_ROUNDS, int(os.environ.get("KILL_ROUNDS", "5")))
TOKEN = "hf_planted_by_the_killing"
ACTIONS = ("create", "create", "on", "on", "off", "look", "list", "delete")


@pytest.fixture
def port(vllm: Path, hub: HubServer, modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    port = free_port()
    monkeypatch.setenv("MODELSCAN_API_PORT", str(port))
    hub.rate = 2_000_000
    assert modelscan("api", "start").status == 0
    yield port
    modelscan("api", "stop")


class Clients:
    """What they were told: `known` models were acknowledged, of `gone` ones the deletion was asked for."""

    def __init__(self, port: int, home: Path) -> None:
        self._base, self._home = f"http://127.0.0.1:{port}", home
        self.known: list[str] = []
        self.gone: set[str] = set()
        self.answers: Counter[str] = Counter()

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status 0 where the connection broke."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, {"content-type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())
        except (OSError, ValueError):
            return 0, None

    def act(self, made: random.Random, steps: int) -> None:
        for _ in range(steps):
            action, model = made.choice(ACTIONS), made.choice(self.known or ["model-zzzzz"])
            match action:
                case "create":
                    body = local(self._home, f"w{made.randrange(4)}")
                    body["source"]["token"] = TOKEN
                    status, answer = self.ask("POST", MODELS, body)
                    if status == 200:
                        self.known.append(answer["id"])
                case "on" | "off":
                    status, answer = self.ask("POST", f"{MODELS}/{model}/toggle", {"enabled": action == "on"})
                case "look":
                    status, answer = self.ask("GET", f"{MODELS}/{model}")
                case "list":
                    status, answer = self.ask("GET", f"{MODELS}?limit=100")
                case _:
                    self.gone.add(model)
                    status, answer = self.ask("DELETE", f"{MODELS}/{model}")
            self.answers[f"{action} {status}"] += 1
            assert status in {0, 200, 400, 404, 409}, (action, status, answer)


def check(clients: Clients, paths: Paths, modelscan: Modelscan) -> None:
    """What must hold whenever nobody is at work."""
    status, listed = clients.ask("GET", f"{MODELS}?limit=1000")
    assert status == 200
    ids = {item["id"] for item in listed["items"]}
    assert {model for model in clients.known if model not in clients.gone} <= ids
    with PlaygroundStore.for_reading(paths) as store:
        rows = {model: store.find(model) for model in {*clients.known, *ids}}
    running = [(job.kind, job.subject) for job in jobs(paths.state.parent) if job.status == "running"]
    assert len(running) == len(set(running))
    deployed = [item["name"] for item in modelscan("list", "--json").json]
    for model, row in rows.items():
        assert row is not None
        mine = {name for name in deployed if model in name}
        assert mine - set(row.ending) <= {row.inference}, (model, mine, row)
        if row.stage == "deleted":
            assert not own_secrets_file(paths, model).exists()


def test_killed_in_every_phase(port: int, home: Path, modelscan: Modelscan) -> None:
    made, paths = random.Random(17), paths_below(home)  # noqa: S311  the same order each time
    clients, files = Clients(port, home), service_files(paths_below(home), API)
    for _ in range(ROUNDS):
        seeds = [made.randrange(1 << 30) for _ in range(2)]
        orders = [random.Random(seed) for seed in seeds]  # noqa: S311
        threads = [threading.Thread(target=clients.act, args=(order, 4)) for order in orders]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            time.sleep(made.uniform(0.05, 1.0))
            status = read_status(files)
            for victim in (status["supervisor"], status["pid"]):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
            until(lambda: not is_held(files.lock), what="its end")
            until(lambda: modelscan("api", "start").status == 0, what="the API to start again")
        until(lambda: clients.ask("GET", "/api/v1/health")[0] == 200, what="the API")
        check(clients, paths, modelscan)
    assert sum(clients.answers.values()) == ROUNDS * 8
    if ROUNDS == _ALL_ROUNDS:  # each was done, and each was cut off
        seen = {f"{action} {status}" for action in ("create", "on", "off", "delete") for status in (0, 200)}
        assert seen <= set(clients.answers)
    until(lambda: settled(clients), what="an end of what was begun", seconds=180)
    for item in clients.ask("GET", f"{MODELS}?limit=1000")[1]["items"]:
        assert clients.ask("DELETE", f"{MODELS}/{item['id']}")[0] == 200
    assert clients.ask("GET", f"{MODELS}?limit=1000")[1]["items"] == []
    assert modelscan("list", "--json").json == []
    until(lambda: not [job for job in jobs(home) if job.status == "running"], what="the last job")
    assert holding(home, TOKEN) == []
    assert [item for item in tagged() if item.state == str(paths.state)] == []


def settled(clients: Clients) -> bool:
    """No pull and no start is under way."""
    _, listed = clients.ask("GET", f"{MODELS}?limit=1000")
    busy = [
        item["id"]
        for item in listed["items"]
        if item["phase"] in {"Pending", "Pulling"} or item["inferencePhase"] == "Pending"
    ]
    return not busy
