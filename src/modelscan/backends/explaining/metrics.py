"""Reading the Prometheus text of a backend's /metrics: sums over the series of a name, whatever their labels."""

from __future__ import annotations

from collections.abc import Collection

from modelscan.backends.base import Activity


def read_activity(text: str, *, requests: Collection[str], work: Collection[str]) -> Activity | None:
    """The sums of the series named by `requests` and by `work`; None when one of the two has none at all."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name = line.partition("{")[0].partition(" ")[0]
        if name in requests or name in work:
            found[name] = found.get(name, 0.0) + _value(line)
    if not any(name in found for name in requests) or not any(name in found for name in work):
        return None
    return Activity(
        requests=round(sum(found.get(name, 0.0) for name in requests)), work=sum(found.get(name, 0.0) for name in work)
    )


def _value(line: str) -> float:
    """What follows the labels; a time stamp may come after it."""
    words = line.rpartition("}")[2].split() if "}" in line else line.split()[1:]
    try:
        return float(words[0])
    except (ValueError, IndexError):
        return 0.0
