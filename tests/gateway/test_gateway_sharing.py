"""A name that deployments and upstreams serve together, through a running gateway."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from fake_upstream import FakeUpstream
from gateway_house import House, member, until
from inline_snapshot import snapshot
from test_gateway_upstream_commands import port, served  # noqa: F401  a fixture among them
from tests.cli.conftest import Modelscan, folder, modelscan, vllm  # noqa: F401  fixtures

from modelscan.routing.compiled import TableMember

EVERYONE = ("here", "far", "box")


@pytest.fixture
def third() -> Iterator[FakeUpstream]:
    made = FakeUpstream()
    yield made
    made.close()


def remote(name: str, there: FakeUpstream, **changes: Any) -> TableMember:
    values: dict[str, Any] = {"kind": "upstream", "model": "Lab/Big", "serves": ("Lab/Big",), **changes}
    return member(name, f"{there.base_url}/v1", **values)


def share(house: House, upstream: FakeUpstream, other: FakeUpstream, third: FakeUpstream, **weights: int) -> None:
    """`big` is served here, by another machine, and by a provider."""
    members = [
        member("here", upstream.base_url, serves=("here", "big"), weight=weights.get("here", 1)),
        remote("far", other, weight=weights.get("far", 1)),
        remote("box", third, weight=weights.get("box", 1)),
    ]
    house.serve(*members, names={"big": EVERYONE})


def asked(*there: FakeUpstream) -> list[int]:
    """Requests with a body: upstreams are also asked for their models."""
    return [sum(item[0] == "POST" for item in one.requests) for one in there]


def test_equal_shares_and_each_gets_the_name_it_knows(
    house: House, upstream: FakeUpstream, other: FakeUpstream, third: FakeUpstream
) -> None:
    share(house, upstream, other, third)
    by = Counter(house.chat("big").headers["x-modelscan-deployment"] for _ in range(9))
    assert by == dict.fromkeys(EVERYONE, 3)
    sent = [json.loads(one.requests[-1][3])["model"] for one in (upstream, other, third)]
    assert sent == ["big", "Lab/Big", "Lab/Big"]


def test_weights_count_for_what_is_in_flight(
    house: House, upstream: FakeUpstream, other: FakeUpstream, third: FakeUpstream
) -> None:
    share(house, upstream, other, third, here=2)
    threads = [threading.Thread(target=house.chat, args=("big",), kwargs={"do": "slow", "gap": 0.5}) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (upstream.most_in_flight, other.most_in_flight, third.most_in_flight) == (4, 2, 2)


def test_one_that_refuses_connections_costs_no_request(
    house: House, upstream: FakeUpstream, other: FakeUpstream, third: FakeUpstream
) -> None:
    share(house, upstream, other, third)
    other.kill()
    assert [house.chat("big").status for _ in range(9)] == [200] * 9
    assert sum(asked(upstream, third)) == 9
    upstream.kill()
    assert [house.chat("big", stream=True).events[-1] for _ in range(3)] == ["[DONE]"] * 3
    third.kill()
    assert house.chat("big").json["error"]["code"] == "upstream_unreachable"


@pytest.mark.parametrize("status", [401, 429, 502, 503, 504])
def test_one_that_turns_requests_away_is_passed_over_and_then_spared(
    house: House, upstream: FakeUpstream, other: FakeUpstream, third: FakeUpstream, status: int
) -> None:
    share(house, upstream, other, third, far=50)
    other.turns_away = status
    assert [house.chat("big").status for _ in range(6)] == [200] * 6
    turned_away, *rest = asked(other, upstream, third)
    assert (turned_away, sum(rest)) == (1, 6)


def test_where_all_turn_it_away_the_last_answer_is_the_client_s(
    house: House, upstream: FakeUpstream, other: FakeUpstream, third: FakeUpstream
) -> None:
    share(house, upstream, other, third)
    upstream.turns_away = other.turns_away = third.turns_away = 503
    answer = house.chat("big")
    assert (answer.status, answer.json) == (503, {"error": {"message": "upstream says no"}})
    assert asked(upstream, other, third) == [1, 1, 1]


def test_what_a_full_deployment_says_is_the_client_s(
    house: House, upstream: FakeUpstream, other: FakeUpstream, third: FakeUpstream
) -> None:
    share(house, upstream, other, third)
    upstream.turns_away = 429
    answers = [house.chat("big") for _ in range(3)]
    assert {item.headers["x-modelscan-deployment"]: item.status for item in answers} == snapshot(
        {"here": 429, "far": 200, "box": 200}
    )


def test_a_request_that_was_received_is_sent_to_no_other(
    house: House, upstream: FakeUpstream, other: FakeUpstream, third: FakeUpstream
) -> None:
    share(house, upstream, other, third)
    assert house.chat("big", do="die-early").json["error"]["code"] == "upstream_died"
    assert sum(asked(upstream, other, third)) == 1


def test_a_key_for_one_of_them_reaches_that_one_alone(
    house: House, upstream: FakeUpstream, other: FakeUpstream, third: FakeUpstream
) -> None:
    share(house, upstream, other, third)
    house.keys(all="sk-1", local=("sk-2", ("here",), None), named=("sk-3", ("big",), None))
    for key, reached in (("sk-2", [6, 0, 0]), ("sk-3", [8, 2, 2])):
        for _ in range(6):
            house.ask("POST", "/v1/chat/completions", {"model": "big"}, headers={"authorization": f"Bearer {key}"})
        assert asked(upstream, other, third) == reached


@pytest.mark.slow
def test_what_a_user_types(
    modelscan: Modelscan,  # noqa: F811
    port: int,  # noqa: F811
    vllm: Path,  # noqa: F811
    folder: Path,  # noqa: F811
    upstream: FakeUpstream,
    other: FakeUpstream,
) -> None:
    assert modelscan("deploy", str(folder), "--name", "big", "--yes").status == 0
    warned = []
    for name, there in (("big", upstream), ("far", other)):
        added = modelscan("model", "add", name, "--upstream", there.base_url, "--upstream-model", "tiny")
        warned += [line for line in added.stderr.splitlines() if "shared" in line]
    assert warned == snapshot(
        [
            "warning: requests for `big`, `tiny` are shared with the deployment `big` from now on (modelscan routes weight upstream:big N)",
            "warning: requests for `tiny` are shared with the deployment `big` from now on (modelscan routes weight far N)",
        ]
    )
    assert modelscan("routes", "weight", "upstream:big", "2").status == 0
    modelscan("gateway", "start")
    until(lambda: served(modelscan).get("big") == "ready", what="all to answer")
    lines = modelscan("gateway", "status").stdout.splitlines()[3:]
    assert [" ".join(line.split()) for line in lines] == snapshot(
        ["big big, upstream:big ready", "far far ready", "tiny big, upstream:big, far ready"]
    )
    assert [dict(Counter(who(port, name) for _ in range(12))) for name in ("big", "tiny")] == snapshot(
        [{"big": 4, "upstream:big": 8}, {"big": 3, "upstream:big": 6, "far": 3}]
    )
    exported = modelscan("routes", "export", "--format", "litellm", "--json").json["model_list"]
    ran_here = modelscan("status", "big", "--json").json["id"]
    assert [
        (item["model_name"], item["model_info"]["id"].replace(ran_here, "HERE"), item["litellm_params"].get("weight"))
        for item in exported
    ] == snapshot(
        [
            ("big", "HERE", 1),
            ("big", "upstream:big", 2),
            ("far", "upstream:far", None),
            ("tiny", "HERE:tiny", 1),
            ("tiny", "upstream:big:tiny", 2),
            ("tiny", "upstream:far:tiny", 1),
        ]
    )


def who(port: int, model: str) -> str:  # noqa: F811
    body = json.dumps({"model": model, "messages": []}).encode()
    with urlopen(Request(f"http://127.0.0.1:{port}/v1/chat/completions", body), timeout=20) as answer:
        return str(answer.headers["x-modelscan-deployment"])
