"""Where the first choice of format would answer too slowly, and a smaller format is at hand, the smaller one."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan import dataclasses
from modelscan.model import Candidate
from modelscan.planning.options.quantization import SIXTEEN_BIT

# People speak 150 words a minute, 3.3 tokens a second: an answer that is slower than speech is no use to a reader, who
# takes in 238 (Brysbaert 2019), and no quality makes up for it.
_TOO_SLOW = 3.3
# 8 bits cost hardly any quality (arXiv:2411.02355: above 99 % of BF16's scores), so that 16 bits need not be slow.
_SLOW_FOR_SIXTEEN_BIT = 15.0
_EIGHT_BIT = frozenset({"FP8", "INT8"})
_WORTH_IT = 1.3  # times as fast: less is within what the estimate may be off

Ranked = tuple[int, int, Candidate]


def by_pace(fitting: Sequence[Ranked]) -> list[Ranked]:
    """The candidates, best first, with one that answers fast enough before a first one that does not."""
    if not fitting or fitting[0][2].mode == "throughput":  # there, one request may take its time
        return list(fitting)
    place, _, first = fitting[0]
    if first.offload is not None:  # what is smaller than its four bits loses too much
        return list(fitting)
    speed = first.estimated.decode_tokens_per_second
    faster = (
        [] if speed is None else [item for item in fitting if item[0] <= place and _pace(item) >= speed * _WORTH_IT]
    )
    found: Ranked | None = None
    if speed is not None and speed < _TOO_SLOW:
        enough = (item for item in faster if _pace(item) >= _TOO_SLOW)
        found = next(enough, None) or max(faster, key=_pace, default=None)
    elif (
        speed is not None and speed < _SLOW_FOR_SIXTEEN_BIT and first.quantization in SIXTEEN_BIT and first.gpu_indices
    ):
        found = next((item for item in faster if item[2].quantization in _EIGHT_BIT), None)
    elif speed is not None and speed < _SLOW_FOR_SIXTEEN_BIT and not first.gpu_indices:
        found = next((item for item in faster if item[2].backend != first.backend), None)
    if found is None or (found[2].quantization, found[2].backend) == (first.quantization, first.backend):
        return list(fitting)
    one, other = (
        item.quantization if found[2].backend == first.backend else f"{item.backend} in {item.quantization}"
        for item in (found[2], first)
    )
    topic = "format" if found[2].backend == first.backend else "pace"
    why = f"{topic}: {one} rather than {other}, which would give about {speed:.1f} tokens/s"
    chosen = dataclasses.replace(found[2], reasons=(*found[2].reasons, why))
    return [(*found[:2], chosen), *(item for item in fitting if item is not found)]


def _pace(item: Ranked) -> float:
    return item[2].estimated.decode_tokens_per_second or 0.0
