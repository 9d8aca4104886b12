"""What is counted, as Prometheus reads it (exposition format 0.0.4), with the names of OpenTelemetry's GenAI
conventions where there are any (open-telemetry/semantic-conventions-genai, v0.1.0).

No label holds a key, a prompt, or a name that a client made up.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_FIRST = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_EACH = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5)
_TOKENS = tuple(4**power for power in range(14))

Number = TypeVar("Number", int, float)
Labels = tuple[tuple[str, str], ...]
# Operation, model, the status of a failure or 0, and maybe the type of a token: made into labels when it is read.
Series = tuple[str, str, int] | tuple[str, str, int, str]
# Seconds of a request and to the first byte of its answer; tokens read and written, where the answer says so.
Took = tuple[float, float | None, int | None, int | None]


class Histogram:
    """Counts by fixed upper bounds, for each set of labels."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._series: dict[Series, tuple[list[int], list[float]]] = {}

    def observe(self, series: Series, values: Sequence[float]) -> None:
        if not values:
            return
        found = self._series.get(series)
        if found is None:
            found = self._series[series] = ([0] * (len(self._bounds) + 1), [0.0])
        counts, bounds = found[0], self._bounds
        if len(values) < len(bounds):
            for value in values:
                counts[bisect_left(bounds, value)] += 1
        else:
            _count_many(sorted(values), bounds, counts)
        found[1][0] += sum(values)

    def lines(self, name: str) -> Iterator[str]:
        for series, (counts, total) in sorted(self._series.items()):
            labels, below = _about(series), 0
            for bound, count in zip((*map(_number, self._bounds), "+Inf"), counts, strict=True):
                below += count
                yield f"{name}_bucket{_labels((*labels, ('le', bound)))} {below}"
            yield f"{name}_sum{_labels(labels)} {total[0]:.6f}"
            yield f"{name}_count{_labels(labels)} {below}"


def _count_many(values: Sequence[float], bounds: Sequence[float], counts: list[int]) -> None:
    """Of values in order, how many fall between two bounds: each bound is looked for, not each value."""
    before = 0
    for place, bound in enumerate(bounds):
        upto = bisect_right(values, bound, before)
        counts[place] += upto - before
        before = upto
    counts[-1] += len(values) - before


class Metrics:
    """All of it, of this process since it began. `tokens_by_key` is also what the status shows."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.ended = self.failed = 0
        self._counts: dict[str, Counter[str]] = {
            name: Counter() for name in ("retries", "fallbacks", "cold_starts", "evictions")
        }
        self._histograms = {
            "gen_ai_server_request_duration_seconds": Histogram(_SECONDS),
            "gen_ai_server_time_to_first_token_seconds": Histogram(_FIRST),
            "gen_ai_server_time_per_output_token_seconds": Histogram(_EACH),
            "gen_ai_client_token_usage": Histogram(_TOKENS),
            "modelscan_gateway_cold_start_seconds": Histogram(_SECONDS),
        }
        self.tokens_by_key: Counter[tuple[str, str, str]] = Counter()

    def count(self, what: str, name: str) -> None:
        self._counts[what][name] += 1

    def cold_start(self, name: str, seconds: float) -> None:
        self.count("cold_starts", name)
        self._histograms["modelscan_gateway_cold_start_seconds"].observe(("", name, 0), (seconds,))

    def requests_over(
        self, model: str, deployment: str, operation: str, status: int, key: str, took: Sequence[Took]
    ) -> None:
        """Some that are over, and alike in all but what they took."""
        self.requests[model, deployment, status] += len(took)
        if not operation:
            return
        about = (operation, model, status if status >= 400 else 0)  # noqa: PLR2004  HTTP's failures
        observe = self._histograms
        seconds, firsts, reads, writtens = zip(*took, strict=True)
        observe["gen_ai_server_request_duration_seconds"].observe(about, seconds)
        if not about[2]:
            observe["gen_ai_server_time_to_first_token_seconds"].observe(about, _known(firsts))
        self._tokens(about, "input", key, _known(reads))
        self._tokens(about, "output", key, _known(writtens))
        each = [
            (seconds - first) / (written - 1)
            for seconds, first, _, written in took
            if first is not None and written is not None and written > 1
        ]
        observe["gen_ai_server_time_per_output_token_seconds"].observe(about, each)

    def _tokens(self, about: tuple[str, str, int], kind: str, key: str, numbers: Sequence[int]) -> None:
        if numbers:
            self._histograms["gen_ai_client_token_usage"].observe((*about, kind), numbers)
            self.tokens_by_key[key, about[1], kind] += sum(numbers)

    def text(self, *, queued: Mapping[str, int], load: Mapping[str, int], up: Mapping[str, bool]) -> str:
        """The page. What is known elsewhere at this moment is handed in."""
        lines: list[str] = []
        prefix = "modelscan_gateway_"
        requests = [
            ((("model", model), ("deployment", deployment), ("code", str(status))), number)
            for (model, deployment, status), number in self.requests.items()
        ]
        lines += _family(f"{prefix}requests_total", "counter", requests)
        ups = {name: int(is_up) for name, is_up in up.items()}
        lines += _family(f"{prefix}in_flight", "gauge", _by("deployment", load))
        lines += _family(f"{prefix}queue", "gauge", _by("model", queued))
        lines += _family(f"{prefix}upstream_up", "gauge", _by("deployment", ups))
        for what, counts in self._counts.items():
            lines += _family(f"{prefix}{what}_total", "counter", _by("model", counts))
        tokens = {
            (("key", key), ("model", model), ("type", kind)): number
            for (key, model, kind), number in self.tokens_by_key.items()
        }
        lines += _family(f"{prefix}tokens_total", "counter", tokens.items())
        for name, histogram in self._histograms.items():
            lines += [f"# TYPE {name} histogram", *histogram.lines(name)]
        return "\n".join(lines) + "\n"


def _known(values: Sequence[Number | None]) -> list[Number]:
    return [value for value in values if value is not None]


def _about(series: Series) -> Labels:
    operation, model, status = series[:3]
    labels = [("gen_ai_operation_name", operation)] if operation else []
    labels.append(("gen_ai_request_model", model))
    labels += [("error_type", str(status))] if status else []
    labels += [("gen_ai_token_type", kind) for kind in series[3:]]
    return tuple(labels)


def _by(label: str, counts: Mapping[str, int]) -> list[tuple[Labels, int]]:
    return [(((label, name),), number) for name, number in counts.items()]


def _family(name: str, kind: str, series: Iterable[tuple[Labels, int]]) -> list[str]:
    return [f"# TYPE {name} {kind}", *(f"{name}{_labels(labels)} {value}" for labels, value in sorted(series))]


def _labels(labels: Labels) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(bound: float) -> str:
    return f"{bound!r}"
