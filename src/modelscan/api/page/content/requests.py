"""The gateway's access log, read back: one request after the other, and what they come to."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from modelscan.dataclasses import dataclass
from modelscan.parsing.regex import regex
from modelscan.storage.logs.reading import LogLine
from modelscan.system.clock import parse_rfc3339

_LINE = regex(
    r"(?P<method>[A-Z]+) (?P<path>\S+) (?P<status>\d{3}) (?P<model>\S+) (?P<deployment>\S+) \d+ (?P<sent>\d+)"
    r" (?P<took>[\d.]+)ms \S+ (?P<key>\S+)(?: (?P<note>.*))?",
    re.ASCII,
)
_FAILED = 400


@dataclass(frozen=True, kw_only=True, slots=True)
class PastRequest:
    """`took_ms` is to the end of the answer. `key` is the name of the client's."""

    at: str
    path: str
    status: int
    model: str
    deployment: str
    sent_bytes: int
    took_ms: float
    key: str | None
    note: str

    @property
    def failed(self) -> bool:
        return self.status >= _FAILED


@dataclass(frozen=True, kw_only=True, slots=True)
class OfModel:
    """What the kept requests for a model come to."""

    model: str
    requests: int
    failed: int
    median_ms: float


def requests_in(lines: Iterable[LogLine]) -> list[PastRequest]:
    """Those for models, in their order; other lines are the gateway's own remarks."""
    return [
        _request(line.at, found) for line in lines if (found := _LINE.fullmatch(line.text)) and found["model"] != "-"
    ]


def _request(at: str, found: re.Match[str]) -> PastRequest:
    return PastRequest(
        at=at,
        path=found["path"],
        status=int(found["status"]),
        model=found["model"],
        deployment=found["deployment"],
        sent_bytes=int(found["sent"]),
        took_ms=float(found["took"]),
        key=None if found["key"] == "-" else found["key"],
        note=found["note"] or "",
    )


def by_model(requests: Sequence[PastRequest]) -> list[OfModel]:
    """The most asked first."""
    of: dict[str, list[PastRequest]] = {}
    for item in requests:
        of.setdefault(item.model, []).append(item)
    found = [
        OfModel(
            model=model,
            requests=len(items),
            failed=sum(item.failed for item in items),
            median_ms=statistics.median(item.took_ms for item in items),
        )
        for model, items in of.items()
    ]
    return sorted(found, key=lambda item: (-item.requests, item.model))


def by_minute(requests: Sequence[PastRequest], now: datetime, minutes: int) -> Mapping[str, list[int]]:
    """Requests of each of the last minutes, the newest last, for each model."""
    counts: dict[str, Counter[int]] = {}
    for item in requests:
        ago = int((now - parse_rfc3339(item.at)).total_seconds() // 60) if item.at else minutes
        if 0 <= ago < minutes:
            counts.setdefault(item.model, Counter())[ago] += 1
    return {model: [found[ago] for ago in range(minutes - 1, -1, -1)] for model, found in sorted(counts.items())}
