"""What is counted: some requests at a time as one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modelscan.gateway.metrics import Metrics, Took

# Bounds of the histograms among them: a value on a bound belongs below it.
_SECONDS = st.one_of(st.sampled_from([0.0, 0.01, 0.02, 81.92, 100.0]), st.floats(0, 200))
_TOKENS = st.one_of(st.none(), st.sampled_from([0, 1, 4, 16, 4**13, 4**14]), st.integers(0, 5_000))
_TOOK = st.tuples(_SECONDS, st.one_of(st.none(), _SECONDS), _TOKENS, _TOKENS)


@given(took=st.lists(_TOOK, min_size=1, max_size=60), status=st.sampled_from([200, 502]))
def test_many_at_once_count_as_one_by_one(took: list[Took], status: int) -> None:
    at_once, one_by_one = Metrics(), Metrics()
    at_once.requests_over("m", "d", "chat", status, "k", took)
    for item in took:
        one_by_one.requests_over("m", "d", "chat", status, "k", [item])
    assert _counts(at_once) == _counts(one_by_one)


def _counts(metrics: Metrics) -> list[str]:
    """All but the sums, which floating point adds up differently."""
    return [line for line in metrics.text(queued={}, load={}, up={}).splitlines() if "_sum{" not in line]
