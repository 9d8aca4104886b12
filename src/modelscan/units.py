"""Bytes, counts, tokens and durations: parsing what people type, formatting what they read, one rounding rule.

Sizes in JSON are integers of bytes. A person reads GiB with two decimals, rounded half to even as Python's
format does. `8G`, `8GB` and `8GiB` all mean GiB, as GPU vendors and backends use the words.
"""

from __future__ import annotations

import re

from modelscan.errors import Usage

KIB = 1024
MIB = 1024**2
GIB = 1024**3
TIB = 1024**4

_SIZE = r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b?)\s*"
_SIZE_FACTORS = {"": 1, "k": KIB, "m": MIB, "g": GIB, "t": TIB}
_COUNT = r"\s*(\d+(?:\.\d+)?)\s*([kmbt]?)\s*"
_COUNT_FACTORS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "t": 10**12}
_TOKENS = r"\s*(\d+(?:\.\d+)?)\s*([km]?)\s*"
_TOKEN_FACTORS = {"": 1, "k": 1024, "m": 1024**2}
_DURATION = r"\s*(\d+(?:\.\d+)?)\s*([smhd]?)\s*"
_DURATION_FACTORS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_TWO_DIGITS, _LEAST_SHOWN = 9.95, 0.1
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def _scaled(text: str, pattern: str, factors: dict[str, int], what: str, example: str) -> int:
    match = re.fullmatch(pattern, text, re.IGNORECASE)
    if match is None:
        raise Usage(f"`{text}` is not {what}", hints=[f"write it like {example}"])
    whole, _, decimals = match[1].partition(".")
    parts: int = 10 ** len(decimals)
    return int(whole + decimals) * factors[match[2].lower()] // parts


def parse_bytes(text: str) -> int:
    """Bytes of `8GiB`, `8GB`, `8G` (all GiB), `512MiB`, `64Gi`, `1024`. Raises Usage."""
    return _scaled(text, _SIZE, _SIZE_FACTORS, "a size", "`8GiB` or `512MiB`")


def parse_count(text: str) -> int:
    """A number of parameters: `14b`, `1.7B`, `300M`. Raises Usage."""
    return _scaled(text, _COUNT, _COUNT_FACTORS, "a number of parameters", "`14b` or `300m`")


def parse_tokens(text: str) -> int:
    """A context length: `32768`, `32k` (= 32768). Raises Usage; `max` is the caller's word."""
    return _scaled(text, _TOKENS, _TOKEN_FACTORS, "a context length", "`32768`, `32k` or `max`")


def parse_duration(text: str) -> int:
    """Whole seconds of `90`, `90s`, `30m`, `2h`, `1d`. Raises Usage."""
    return _scaled(text, _DURATION, _DURATION_FACTORS, "a duration", "`90s`, `30m` or `2h`")


def format_duration(seconds: float) -> str:
    """`45 s`, `30 min`, `1 h 30 min`: the two largest units that count."""
    left, parts = round(seconds), list[str]()
    for unit, factor in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, factor)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def format_bytes(count: int | None) -> str:
    """`13.48 GiB`, `512.00 MiB`, `0 B`; `unknown` for None."""
    if count is None:
        return "unknown"
    if abs(count) < KIB:
        return f"{count} B"
    for name, factor in (("KiB", KIB), ("MiB", MIB), ("GiB", GIB)):
        if abs(count) < factor * 1000 or name == "GiB":
            return f"{count / factor:.2f} {name}"
    raise AssertionError(count)


def format_free(free: int | None, of: int | None = None) -> str:
    """`13.48 GiB free`, with `of` also `13.48 GiB free of 23.54 GiB`; what is unknown is named once."""
    if free is None:
        return "free memory unknown" if of is None else f"{format_bytes(of)}, free memory unknown"
    return f"{format_bytes(free)} free" + ("" if of is None else f" of {format_bytes(of)}")


def format_measured(predicted: int | None, measured: int | None) -> str:
    """`1.75 GiB predicted, 1.72 GiB measured`; `unknown` where neither is known."""
    if predicted is None and measured is None:
        return "unknown"
    first = "not predicted" if predicted is None else f"{format_bytes(predicted)} predicted"
    return f"{first}, {'not measured' if measured is None else f'{format_bytes(measured)} measured'}"


def format_price(dollars: float) -> str:
    """`$0.70`; as many digits as it has, where they are more: `$0.1195`."""
    return f"${dollars:.2f}" if round(dollars, 2) == dollars else f"${dollars:g}"


def format_gib(count: int) -> str:
    """The number alone, for columns that are compared and ranges: `1.75`; `<0.01` for what would look like nothing."""
    shown = f"{count / GIB:.2f}"
    return "<0.01" if count > 0 and shown == "0.00" else shown


def format_about(least: int | None, most: int | None = None) -> str:
    """A size that is an estimate, or the range of several: `15 GiB`, `4.6-15 GiB`, `0.2 GiB`; `-` for None."""
    if least is None:
        return "-"
    figures = [_rough(size / GIB) for size in (least, most or least)]
    return f"{'-'.join(dict.fromkeys(figures))} GiB"


def _rough(size: float) -> str:
    """Two digits that count."""
    return f"{size:.0f}" if size >= _TWO_DIGITS else f"{max(size, _LEAST_SHOWN):.1f}"


def format_count(count: int | None) -> str:
    """Parameters as people say them: `6.7B`, `0.6B`, `137M`, `671B`; `unknown` for None."""
    if count is None:
        return "unknown"
    if count >= 10**12:
        return f"{_trim(count / 10**12)}T"
    if count >= 10**9:
        return f"{_trim(count / 10**9)}B"
    if count >= 10**6:
        return f"{_trim(count / 10**6)}M"
    return str(count)


def _trim(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}".removesuffix(".0")  # noqa: PLR2004  three digits are enough


def format_tokens(count: int | None) -> str:
    """`32,768`; `unknown` for None."""
    return "unknown" if count is None else f"{count:,}"


def format_seconds(seconds: float) -> str:
    """A span as people say it, in at most two units: `42s`, `5m`, `2h 5m`, `3d 4h`."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < _DAY:
        return f"{whole // _HOUR}h {whole % _HOUR // _MINUTE}m"
    return f"{whole // _DAY}d {whole % _DAY // _HOUR}h"


def format_countdown(seconds: float) -> str:
    """`0:42`, `5:14`, `1:05:14`: a span that is counted in seconds."""
    whole = max(0, int(seconds))
    minutes = f"{whole % _HOUR // _MINUTE}:{whole % _MINUTE:02}"
    return minutes if whole < _HOUR else f"{whole // _HOUR}:{minutes:0>5}"
