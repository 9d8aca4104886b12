"""Moments as people write them."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.api.bodies.words import Since
from modelscan.errors import Usage
from modelscan.selecting.moments import moment_of

NOW = datetime(2026, 12, 1, 10, tzinfo=UTC)


@given(st.integers(0, 10**12), st.sampled_from("smhd"))
def test_any_span_is_before_now(number: int, unit: str) -> None:
    assert moment_of(f"{number}{unit}", NOW) <= NOW


@pytest.mark.parametrize("text", ["", "soon", "-5m", "2026-02-30T00:00:00Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(Usage):
        moment_of(text, NOW)


def test_over_http_every_day_that_there_is_can_be_said_and_no_other() -> None:
    pattern = next(item.pattern for item in Since.__metadata__[0].metadata if hasattr(item, "pattern"))
    for year in (2000, 2026, 2028, 2099):
        for month in range(1, 13):
            for day in range(1, 32):
                said = re.fullmatch(pattern, f"{year}-{month:02}-{day:02}T00:00:00Z") is not None
                assert said == (day <= calendar.monthrange(year, month)[1]), (year, month, day)
