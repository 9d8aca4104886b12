"""The phases of a start: what counts as progress, and how long it will take, judged by earlier starts. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.parsing.regex import regex

# A bar as tqdm draws it; what stands before it tells one bar from another.
_BAR = regex(r"^(.{0,80}?)(\d{1,3})%\|")
_MOST_BARS = 64  # a flood of bars with new names is no progress

Durations = Sequence[tuple[str, float]]


class Phases:
    """One start, from `begin` on; every `now` is a reading of one monotonic clock.

    Only what was never reached before is progress: a new phase, a higher fraction of one, a bar that moves on. A log
    that repeats itself is none, whatever its length.
    """

    def __init__(self, first: str, now: float, earlier: Sequence[Durations] = ()) -> None:
        self._reached: dict[str, float] = {first: 0.0}
        self._bars: dict[str, int] = {}
        self._times: list[tuple[str, float]] = [(first, now)]
        self._earlier = [dict(_until_ready(start)) for start in earlier]
        self.progress_at = now

    def reach(self, phase: str, fraction: float | None, now: float) -> bool:
        """Record a phase that the backend reports; True when it is a new one."""
        before = self._reached.get(phase)
        if before is None or (fraction or 0.0) > before:
            self.progress_at = now
            self._reached[phase] = fraction or 0.0
        if before is None:
            self._times.append((phase, now))
        return before is None

    def read_bar(self, line: str, now: float) -> None:
        """Any other progress bar in its log: it names no phase, but shows progress."""
        found = _BAR.match(line)
        if found is None:
            return
        name, share = found[1], int(found[2])
        if share > self._bars.get(name, -1) and (name in self._bars or len(self._bars) < _MOST_BARS):
            self._bars[name] = share
            self.progress_at = now

    def seconds_left(self, now: float) -> float | None:
        """Until it is ready: what earlier starts took from here on (their median), less what has passed already."""
        phase, began = self._times[-1]
        known = [start[phase] for start in self._earlier if phase in start]
        return max(0.0, _median(known) - (now - began)) if known else None

    def durations(self, now: float) -> Durations:
        """Each phase with its seconds, for the start that ends now."""
        ends = [moment for _, moment in self._times[1:]] + [now]
        return [(phase, round(end - began, 2)) for (phase, began), end in zip(self._times, ends, strict=True)]


def _until_ready(durations: Durations) -> list[tuple[str, float]]:
    """Each phase with the seconds from its beginning to the end of all."""
    left = sum(seconds for _, seconds in durations)
    found = []
    for phase, seconds in durations:
        found.append((phase, left))
        left -= seconds
    return found


def _median(values: Sequence[float]) -> float:
    """`statistics` brings fractions and decimals: 0.4 MB of every supervisor."""
    ordered, middle = sorted(values), len(values) // 2
    return (ordered[middle] + ordered[~middle]) / 2
