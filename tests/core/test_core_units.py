from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.errors import Usage
from modelscan.units import (
    GIB,
    MIB,
    format_bytes,
    format_count,
    format_duration,
    format_free,
    format_gib,
    format_measured,
    parse_bytes,
    parse_count,
    parse_duration,
    parse_tokens,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("8GiB", 8 * GIB), ("8GB", 8 * GIB), ("8G", 8 * GIB), ("64Gi", 64 * GIB), ("512mib", 512 * MIB), ("1024", 1024)],
)
def test_sizes_mean_gib_however_they_are_written(text: str, expected: int) -> None:
    assert parse_bytes(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("14b", 14_000_000_000), ("1.7B", 1_700_000_000), ("300M", 300_000_000)]
)
def test_counts_of_parameters(text: str, expected: int) -> None:
    assert parse_count(text) == expected


def test_context_lengths() -> None:
    assert (parse_tokens("32k"), parse_tokens("32768"), parse_tokens("1m")) == (32768, 32768, 1048576)


@pytest.mark.parametrize("text", ["", "8 apples", "-1", "GiB", "1e9", "nan"])
def test_what_is_not_a_size_is_usage(text: str) -> None:
    with pytest.raises(Usage, match="is not a size"):
        parse_bytes(text)


def test_how_people_read_them() -> None:
    assert [format_bytes(size) for size in (None, 0, 1023, 2048, 512 * MIB, int(13.48 * GIB))] == [
        "unknown",
        "0 B",
        "1023 B",
        "2.00 KiB",
        "512.00 MiB",
        "13.48 GiB",
    ]
    assert [format_count(count) for count in (6_740_000_000, 671_000_000_000, 137_000_000, None)] == [
        "6.7B",
        "671B",
        "137M",
        "unknown",
    ]


@given(st.integers(min_value=0, max_value=10**15))
def test_a_written_size_reads_back_within_its_rounding(size: int) -> None:
    written = format_bytes(size).replace(" B", "")
    assert abs(parse_bytes(written) - size) <= max(1, size * 0.01)


def test_durations_as_people_write_and_read_them() -> None:
    assert [parse_duration(text) for text in ("90", "90s", "1.5m", "2H", "1d")] == [90, 90, 90, 7200, 86400]
    shown = [format_duration(seconds) for seconds in (0, 45, 90, 1800, 5400, 90061)]
    assert shown == ["0 s", "45 s", "1 min 30 s", "30 min", "1 h 30 min", "1 d 1 h"]
    with pytest.raises(Usage, match="is not a duration"):
        parse_duration("soon")


def test_a_size_in_a_column_is_never_read_as_another() -> None:
    """1.75 GiB once stood there as 1.7, and 3.5 MiB as 0.00."""
    shown = [format_gib(size) for size in (0, 3_700_000, 29 * MIB, int(1.75 * GIB), 78 * GIB)]
    assert shown == ["0.00", "<0.01", "0.03", "1.75", "78.00"]


def test_what_is_unknown_is_said_once() -> None:
    assert format_measured(None, None) == "unknown"
    assert format_measured(GIB, None) == "1.00 GiB predicted, not measured"
    assert format_measured(None, GIB) == "not predicted, 1.00 GiB measured"
    assert format_free(None, None) == "free memory unknown"
    assert format_free(None, GIB) == "1.00 GiB, free memory unknown"
    assert format_free(GIB, 2 * GIB) == "1.00 GiB free of 2.00 GiB"
