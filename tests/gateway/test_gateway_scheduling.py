"""The scheduler as a machine of events: what it has done is recorded, nothing runs."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from gateway_house import member
from hypothesis import given
from hypothesis import strategies as st

from modelscan.gateway.http.answers import Refusal
from modelscan.gateway.scheduling.balancer import LeastOutstanding
from modelscan.gateway.scheduling.eviction import Shortage, evicted
from modelscan.gateway.scheduling.scheduler import Bounds, Scheduler
from modelscan.gateway.scheduling.ticket import StartFailure
from modelscan.routing.compiled import TableMember

URL = "http://127.0.0.1:1"


class Done:
    """What was asked of the world."""

    def __init__(self) -> None:
        self.did: list[str] = []

    def start(self, name: str) -> None:
        self.did.append(f"start {name}")

    def stop(self, name: str, why: str) -> None:
        self.did.append(f"stop {name}: {why}")


class Waiting:
    def __init__(self, *members: str, since: float = 0.0) -> None:
        self.name, self.members, self.since = members[0], members, since
        self.tried: tuple[str, ...] = ()
        self.got: Any = None

    def granted(self, chosen: TableMember) -> None:
        assert self.got is None
        self.got = chosen.name

    def refused(self, refusal: Refusal) -> None:
        assert self.got is None
        self.got = refusal

    def starting(self, chosen: TableMember) -> None: ...


def scheduler(*members: TableMember, queue: int = 10) -> tuple[Scheduler, Done]:
    done = Done()
    made = Scheduler(done, Bounds(queue=queue, wait_seconds=60))
    made.replace(members, 0.0)
    return made, done


def asleep(name: str, size: int = 10, **changes: Any) -> TableMember:
    values = {"status": "stopped", "on_demand": True, "claims": {"0": size}, **changes}
    return member(name, URL, **values)


def ask(made: Scheduler, *members: str, now: float = 0.0) -> Waiting:
    ticket = Waiting(*members, since=now)
    made.ask(ticket, now)
    return ticket


def test_a_start_happens_once_and_all_that_wait_are_served() -> None:
    made, done = scheduler(asleep("a"))
    tickets = [ask(made, "a") for _ in range(5)]
    assert [ticket.got for ticket in tickets] == [None] * 5
    assert done.did == ["start a"]
    made.replace([asleep("a", status="ready")], 1.0)
    made.started("a", None, 1.0)
    assert [ticket.got for ticket in tickets] == ["a"] * 5
    assert made.load["a"] == 5


def test_a_failed_start_is_the_answer_at_once_and_for_a_while() -> None:
    made, done = scheduler(asleep("a"))
    first = ask(made, "a")
    made.started("a", StartFailure("it ran out of memory"), 1.0)
    assert first.got.message == "`a` did not start: it ran out of memory"
    assert ask(made, "a", now=5.0).got.code == "start_failed"
    assert done.did == ["start a"]
    assert ask(made, "a", now=12.0).got is None
    assert done.did == ["start a", "start a"]


def test_the_queue_has_an_end() -> None:
    made, _ = scheduler(asleep("a"), queue=2)
    tickets = [ask(made, "a") for _ in range(3)]
    assert tickets[2].got.status == 429
    made.tick(100.0)
    assert [ticket.got.status for ticket in tickets[:2]] == [503, 503]
    assert tickets[0].got.retry_after == 30
    assert made.queued == {}


def test_who_has_left_is_not_served() -> None:
    made, _ = scheduler(asleep("a"))
    gone, stays = ask(made, "a"), ask(made, "a")
    made.forgotten(gone)
    made.replace([asleep("a", status="ready")], 1.0)
    assert (gone.got, stays.got) == (None, "a")
    assert made.load["a"] == 1


def test_an_idle_one_makes_room_and_the_start_is_tried_again() -> None:
    running, wanted = asleep("old", status="ready"), asleep("new")
    made, done = scheduler(running, wanted)
    used = ask(made, "old")
    assert used.got == "old"
    waits = ask(made, "new")
    made.started("new", StartFailure("no memory", Shortage("0", 5)), 1.0)
    assert done.did == ["start new"]  # `old` has a request in flight
    made.done("old", 2.0)
    assert done.did == ["start new", "stop old: stopped to make room for `new`"]
    again = ask(made, "old", now=2.5)
    assert again.got is None  # it is being stopped
    made.replace([asleep("old"), wanted], 3.0)
    made.stopped("old", 3.0)
    assert done.did[2:] == ["start new", "start old"]
    made.replace([asleep("old"), asleep("new", status="ready")], 4.0)
    made.started("new", None, 4.0)
    assert waits.got == "new"


def test_only_what_comes_back_by_itself_makes_room() -> None:
    made, done = scheduler(member("fixed", URL, claims={"0": 100}), asleep("new"))
    waits = ask(made, "new")
    made.started("new", StartFailure("no memory", Shortage("0", 5)), 1.0)
    assert waits.got.message == "`new` did not start: no memory"
    assert done.did == ["start new"]


def test_a_busy_one_gets_nothing_new_once_another_has_waited_for_its_room() -> None:
    made, done = scheduler(asleep("old", status="ready"), asleep("new"))
    ask(made, "old")
    ask(made, "new")
    made.started("new", StartFailure("no memory", Shortage("0", 5)), 1.0)
    assert ask(made, "old", now=2.0).got == "old"
    made.tick(7.0)
    late = ask(made, "old", now=7.0)
    assert late.got is None
    made.done("old", 8.0)
    made.done("old", 8.0)
    assert done.did[1:] == ["stop old: stopped to make room for `new`"]


def test_who_comes_while_another_is_starting_waits_for_its_room() -> None:
    made, done = scheduler(asleep("a"), asleep("b"))
    first, second = ask(made, "a"), ask(made, "b")
    made.started("b", StartFailure("no memory", Shortage("0", 5)), 1.0)
    assert second.got is None
    made.replace([asleep("a", status="ready"), asleep("b")], 2.0)
    made.started("a", None, 2.0)
    assert first.got == "a"
    assert done.did == ["start a", "start b"]
    made.done("a", 3.0)
    made.replace([asleep("a"), asleep("b")], 4.0)
    made.stopped("a", 4.0)
    assert done.did[2:] == ["stop a: stopped to make room for `b`", "start b"]


def test_what_is_being_stopped_anyway_is_the_room() -> None:
    made, done = scheduler(asleep("a", status="ready", idle_timeout_seconds=10), asleep("b"))
    ask(made, "a")
    made.done("a", 0.0)
    made.tick(11.0)
    waits = ask(made, "b", now=11.0)
    made.started("b", StartFailure("no memory", Shortage("0", 5)), 12.0)
    assert (waits.got, done.did) == (None, ["stop a: idle for 10 s", "start b"])
    made.replace([asleep("a"), asleep("b")], 13.0)
    made.stopped("a", 13.0)
    assert done.did[2:] == ["start b"]


def test_where_the_busy_one_went_away_by_itself_the_start_is_tried_again() -> None:
    made, done = scheduler(asleep("a", status="ready"), asleep("b"))
    ask(made, "a")
    waits = ask(made, "b")
    made.started("b", StartFailure("no memory", Shortage("0", 5)), 1.0)
    made.replace([asleep("a", status="failed"), asleep("b")], 2.0)
    made.tick(2.25)
    assert (waits.got, done.did) == (None, ["start b", "start b"])


def test_nothing_is_stopped_for_a_client_that_has_left() -> None:
    made, done = scheduler(asleep("a", status="ready"), asleep("b"))
    ask(made, "a")
    gone = ask(made, "b")
    made.started("b", StartFailure("no memory", Shortage("0", 5)), 1.0)
    made.tick(7.0)
    stays = ask(made, "a", now=7.0)
    assert stays.got is None  # `a` takes nothing more, so that it becomes idle
    made.forgotten(gone)
    made.tick(7.25)
    assert stays.got == "a"
    made.done("a", 8.0)
    made.done("a", 8.0)
    assert done.did == ["start b"]


def test_one_that_fell_asleep_as_a_request_came_is_woken() -> None:
    made, done = scheduler(asleep("a", status="ready", socket="/s"), asleep("b", status="ready"))
    ask(made, "a")
    ask(made, "b")
    made.replace([asleep("a", socket="/s"), asleep("b")], 1.0)
    made.replace([asleep("a", socket="/s"), asleep("b")], 2.0)
    assert done.did == ["start a"]  # `b` is gone, and the connection to it with it


def test_idle_time_counts_from_the_end_of_the_last_request() -> None:
    made, done = scheduler(asleep("a", status="ready", idle_timeout_seconds=100))
    made.tick(1_000.0)
    assert done.did == []  # nothing is known of its use
    ask(made, "a", now=1_000.0)
    made.tick(1_150.0)
    assert done.did == []
    made.done("a", 1_150.0)
    made.tick(1_249.0)
    assert done.did == []
    made.tick(1_251.0)
    assert done.did == ["stop a: idle for 1 min 40 s"]


def test_one_that_refuses_connections_is_left_alone_and_started_again_if_it_may_be() -> None:
    made, done = scheduler(asleep("a", status="ready"), member("b", URL))
    ticket = ask(made, "a")
    made.unreachable("a", 0.0)
    made.done("a", 0.0)
    ticket.got = None
    made.ask(ticket, 0.0)
    assert (ticket.got, done.did) == (None, ["start a"])
    made.unreachable("b", 0.0)
    assert ask(made, "b", now=1.0).got.status == 502
    assert ask(made, "b", now=3.0).got == "b"


def test_a_deployment_and_upstreams_share_by_weight_health_and_what_is_in_flight() -> None:
    far = {"kind": "upstream", "on_demand": False}
    made, done = scheduler(
        asleep("here", status="ready", weight=2), member("far", URL, **far), member("off", URL, **far)
    )
    everyone = ("here", "far", "off")
    assert sorted(ask(made, *everyone).got for _ in range(8)) == ["far"] * 2 + ["here"] * 4 + ["off"] * 2
    made.replace([asleep("here", status="ready", weight=2), member("far", URL, **far)], 0.0)
    made.done("far", 0.0)
    assert ask(made, *everyone).got == "far"
    full = member("far", URL, **far, max_parallelism=2)
    made.replace([asleep("here"), full, member("off", URL, **far, status="unhealthy")], 0.0)
    waiting = ask(made, *everyone)
    assert (waiting.got, made.queued, done.did) == (None, {"here": 1}, [])
    made.done("far", 1.0)
    assert (waiting.got, made.queued) == ("far", {})


def test_who_is_new_to_a_name_has_nothing_to_catch_up_with() -> None:
    def in_turn(*members: str) -> str:
        chosen: str = ask(made, *members).got
        made.done(chosen, 0.0)
        return chosen

    here, far, made = member("a", URL), member("b", URL), scheduler(member("a", URL))[0]
    assert [in_turn("a") for _ in range(50)] == ["a"] * 50
    made.replace([here, far], 0.0)
    assert [in_turn("a", "b") for _ in range(4)] == ["a", "b", "a", "b"]
    assert [in_turn("b", "a") for _ in range(4)] == ["b", "a", "b", "a"]  # another name: one's own does not count here


def test_one_that_turned_a_request_away_is_spared_while_another_can_serve() -> None:
    made, _ = scheduler(member("a", URL), member("b", URL))
    assert ask(made, "a", "b").got == "a"
    made.turned_away("a", 0.0)
    made.done("a", 0.0)
    assert [ask(made, "a", "b", now=1.0).got for _ in range(3)] == ["b"] * 3
    made.unreachable("b", 1.0)
    assert ask(made, "a", "b", now=1.0).got == "a"
    made.tick(6.0)
    assert ask(made, "a", "b", now=6.0).got == "a"


def test_who_else_may_serve() -> None:
    made, _ = scheduler(asleep("a"), member("b", URL), member("c", URL, status="failed"))
    ticket = Waiting("b", "a", "c", "gone")
    assert made.has_another(ticket, "b", 0.0)  # after a start
    ticket.tried += ("a",)
    assert not made.has_another(ticket, "b", 0.0)
    assert made.has_another(Waiting("a", "b"), "a", 0.0)
    made.unreachable("b", 0.0)
    assert not made.has_another(Waiting("a", "b"), "a", 0.0)


names = st.sampled_from("abcdef")


@given(st.dictionaries(names, st.integers(1, 20)), st.dictionaries(names, st.floats(0, 100)), st.integers(1, 60))
def test_eviction_makes_enough_room_with_none_too_many(
    sizes: dict[str, int], last_used: dict[str, float], missing: int
) -> None:
    idle = [asleep(name, size) for name, size in sizes.items()]
    chosen = evicted(Shortage("0", missing), idle, last_used)
    freed = sum(item.claims["0"] for item in chosen)
    if sum(sizes.values()) < missing:
        assert chosen == ()
    else:
        assert freed >= missing
        assert all(freed - item.claims["0"] < missing for item in chosen)
    assert evicted(Shortage("1", missing), idle, last_used) == ()


@given(st.lists(st.integers(1, 7), min_size=2, max_size=5), st.integers(1, 40), st.randoms(use_true_random=True))
def test_shares_follow_the_weights_however_many_are_in_flight(
    weights: list[int], at_once: int, any_order: Random
) -> None:
    members = [member(str(number), URL, weight=weight) for number, weight in enumerate(weights)]
    load, served, in_flight = Counter[str](), Counter[str](), list[str]()
    for _ in range(600):
        if len(in_flight) == at_once:
            load[in_flight.pop(any_order.randrange(at_once))] -= 1
        chosen = LeastOutstanding().choose(members, load, served)
        in_flight.append(chosen.name)
        for counts in (load, served):
            counts[chosen.name] += 1
    for item in members:
        wanted = 600 * item.weight / sum(weights)
        # Of few in flight, one more or less is a large share; and whose requests happen to end first gets the next.
        one_in_flight = min(600 / at_once, 0.4 * wanted)
        assert abs(served[item.name] - wanted) <= one_in_flight + 0.2 * wanted + max(weights) + 2


@given(st.integers(1, 5), st.integers(1, 30))
def test_the_slower_of_two_gets_fewer(weight: int, kept: int) -> None:
    slow, quick = member("slow", URL, weight=weight), member("quick", URL, weight=weight)
    load = {"slow": kept * weight}  # none of its requests ends
    assert LeastOutstanding().choose([slow, quick], load, {"quick": 1_000}) is quick


@given(st.data())
def test_no_request_is_lost_and_nothing_is_stopped_while_it_works(  # noqa: C901, PLR0912, PLR0915  one machine, all its events
    data: st.DataObject,
) -> None:
    """Any order of events: each ticket ends at most once, starts never overlap, the busy are never stopped."""
    running: dict[str, str] = {name: data.draw(st.sampled_from(["ready", "stopped"])) for name in "abc"}
    made, done = scheduler()
    tickets: list[Waiting] = []
    starting: set[str] = set()
    stopping: set[str] = set()
    seen = 0

    def table() -> list[TableMember]:
        return [asleep(name, status=status, idle_timeout_seconds=20.0) for name, status in running.items()]

    made.replace(table(), 0.0)
    now = 0.0
    for _ in range(data.draw(st.integers(1, 40))):
        now += data.draw(st.floats(0, 10))
        match data.draw(
            st.sampled_from(["ask", "done", "turned away", "started", "failed", "short", "stopped", "tick", "leave"])
        ):
            case "ask":
                asked = data.draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True))
                tickets.append(ask(made, *asked, now=now))
            case "done" | "turned away" as how:
                served = [ticket for ticket in tickets if isinstance(ticket.got, str)]
                if served:
                    ticket = data.draw(st.sampled_from(served))
                    name, ticket.got = ticket.got, None
                    if how == "done":
                        tickets.remove(ticket)
                    else:
                        ticket.tried += (name,)
                        made.turned_away(name, now)
                    made.done(name, now)
                    if how == "turned away":
                        made.ask(ticket, now)
            case "leave":
                waiting = [ticket for ticket in tickets if ticket.got is None]
                if waiting:
                    ticket = data.draw(st.sampled_from(waiting))
                    tickets.remove(ticket)
                    made.forgotten(ticket)
            case "started" | "failed" | "short" as how if starting:
                name = data.draw(st.sampled_from(sorted(starting)))
                starting.remove(name)
                failure = {
                    "started": None,
                    "failed": StartFailure("no"),
                    "short": StartFailure("no memory", Shortage("0", 10)),
                }[how]
                if failure is None:
                    running[name] = "ready"
                    made.replace(table(), now)
                made.started(name, failure, now)
            case "stopped" if stopping:
                name = data.draw(st.sampled_from(sorted(stopping)))
                stopping.remove(name)
                running[name] = "stopped"
                made.replace(table(), now)
                made.stopped(name, now)
            case "tick":
                made.tick(now)
            case _:
                pass
        for line in done.did[seen:]:
            verb, name = line.split(":")[0].split(" ")
            if verb == "start":
                assert name not in starting | stopping
                starting.add(name)
            else:
                assert name not in starting | stopping
                assert not made.load[name]
                stopping.add(name)
        seen = len(done.did)
    tickets = [ticket for ticket in tickets if ticket.got is None]
    made.tick(now + 1_000)
    assert all(ticket.got is not None for ticket in tickets)


@pytest.mark.parametrize("index", [None, 1])
def test_the_command_s_own_words_become_the_cause(index: int | None) -> None:
    from modelscan.gateway.commands import _failure
    from modelscan.system.processes.run import Completed

    details = f'"details": {{"taken": "memory", "needed_bytes": 10, "free_bytes": 4, "gpu_index": {index or "null"}}}'
    stderr = f'warning\n{{"error": {{"code": "conflict", "message": "too little", "hints": [], {details}}}}}\n'
    failure = _failure(Completed(8, "", stderr))
    assert (failure.cause, failure.shortage) == ("too little", Shortage(str(index) if index else "host", 6))
    assert _failure(Completed(None, problem="it did not respond")).cause == "it did not respond"
