"""The schedule of trying again, as a value, and what follows it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.errors import Gated, ModelNotFound, SourceUnavailable, Unauthorized
from modelscan.system.retry import Backoff, Retries, retrying

SECONDS = st.floats(0.0, 1000.0)


@dataclass
class Stopwatch:
    """A clock that only sleeping moves."""

    waited: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime(2026, 11, 30, tzinfo=UTC)

    def monotonic(self) -> float:
        return math.fsum(self.waited)

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)


def busy(status: int | None = 503, retry_after: float | None = None) -> SourceUnavailable:
    return SourceUnavailable("busy", details={"status": status, "retry_after": retry_after})


@st.composite
def backoffs(draw: st.DrawFn) -> Backoff:
    return Backoff(
        tries=draw(st.integers(1, 6)),
        first=draw(st.floats(0.01, 5.0)),
        factor=draw(st.floats(1.0, 5.0)),
        longest=draw(st.floats(0.01, 60.0)),
        jitter=draw(st.floats(0.0, 1.0)),
        longest_asked=draw(SECONDS),
        deadline=draw(SECONDS),
    )


def test_the_waits_grow_up_to_the_longest() -> None:
    backoff = Backoff(tries=6, first=0.5, longest=3.0, longest_asked=10.0)
    assert [backoff.wait(failures) for failures in range(1, 7)] == [0.5, 1.0, 2.0, 3.0, 3.0, None]


def test_jitter_shortens_and_the_server_lengthens() -> None:
    backoff = Backoff(tries=3, first=4.0, jitter=0.5, longest_asked=30.0)
    assert [backoff.wait(1, chance=chance) for chance in (0.0, 0.5, 1.0)] == [4.0, 3.0, 2.0]
    assert [backoff.wait(1, asked=asked) for asked in (1.0, 30.0, 30.1)] == [4.0, 30.0, None]


def test_no_wait_begins_that_would_end_too_late() -> None:
    backoff = Backoff(tries=9, first=1.0, longest_asked=10.0, deadline=5.0)
    assert [backoff.wait(3, spent=spent) for spent in (0.0, 1.0, 1.1)] == [4.0, 4.0, None]


@given(backoff=backoffs(), failures=st.integers(1, 8), asked=st.none() | SECONDS, spent=SECONDS, chance=st.floats(0, 1))
def test_a_wait_keeps_every_bound(
    backoff: Backoff, failures: int, asked: float | None, spent: float, chance: float
) -> None:
    wait = backoff.wait(failures, asked=asked, spent=spent, chance=chance)
    if wait is None:
        return
    assert failures < backoff.tries
    assert (asked or 0.0) <= wait <= max(backoff.longest, backoff.longest_asked)
    assert spent + wait <= backoff.deadline


@pytest.mark.parametrize(
    ("error", "helped"),
    [
        (busy(503), True),
        (busy(429), True),
        (busy(408), True),
        (busy(None), True),
        (busy(404), False),
        (busy(410), False),
        (Unauthorized("no", details={"status": 503}), False),
        (Gated("no"), False),
    ],
)
def test_only_what_passes_is_tried_again(error: SourceUnavailable, helped: bool) -> None:
    clock = Stopwatch()
    retries = Retries(Backoff(tries=2, first=1.0, longest_asked=10.0), clock)
    assert retries.again(error) is helped
    assert clock.waited == ([1.0] if helped else [])


def test_who_cannot_be_reached_is_not_waited_for_where_that_is_said() -> None:
    backoff = Backoff(tries=9, first=1.0, longest_asked=10.0, unreachable=False)
    assert not Retries(backoff, Stopwatch()).again(busy(None))


def test_a_question_is_asked_until_it_is_answered() -> None:
    clock, answers = Stopwatch(), iter([busy(), busy(retry_after=7), "at last"])

    def ask() -> str:
        answer = next(answers)
        if isinstance(answer, SourceUnavailable):
            raise answer
        return answer

    assert retrying(ask, Backoff(tries=4, first=0.5, longest_asked=10.0), clock) == "at last"
    assert clock.waited == [0.5, 7.0]


def test_the_last_failure_is_raised_and_others_at_once() -> None:
    clock, asked = Stopwatch(), list[Exception]()

    def ask() -> None:
        asked.append(busy(500 + len(asked)))
        raise asked[-1]

    with pytest.raises(SourceUnavailable) as caught:
        retrying(ask, Backoff(tries=3, first=1.0, longest_asked=10.0), clock)
    assert (caught.value, len(asked), clock.waited) == (asked[2], 3, [1.0, 2.0])

    def missing() -> None:
        raise ModelNotFound("none")

    with pytest.raises(ModelNotFound):
        retrying(missing, Backoff(tries=3, first=1.0, longest_asked=10.0), clock)
    assert len(clock.waited) == 2


def test_progress_begins_the_count_and_the_deadline_anew() -> None:
    clock = Stopwatch()
    retries = Retries(Backoff(tries=3, first=2.0, longest_asked=10.0, deadline=7.0), clock)
    assert (retries.again(busy()), retries.again(busy()), retries.again(busy())) == (True, True, False)
    retries.progressed()
    assert retries.again(busy())
    assert clock.waited == [2.0, 4.0, 2.0]
