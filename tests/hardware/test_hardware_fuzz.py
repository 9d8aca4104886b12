"""Whatever a tool prints, damaged or of a version to come, its reader answers and never raises."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from modelscan.hardware.amd.tools import parse_amd_smi, parse_rocm_smi
from modelscan.hardware.cpu import parse_cpu_list, parse_cpuinfo, parse_meminfo
from modelscan.hardware.nvidia.smi import parse_nvidia_smi

FIXTURES = Path(__file__).parent / "fixtures"
SAMPLES = [path.read_text(encoding="utf-8") for path in sorted(FIXTURES.glob("*.json"))]
DOCUMENTS = [json.loads(text[text.index(next(mark for mark in text if mark in "[{")) :]) for text in SAMPLES]
CSV = "0, GPU-1, NVIDIA T4, 15360, 14900, 7.5, 580.65.06, 00000000:01:00.0\n"
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just([]), st.just({}), st.just([{}])
)


def read_all(text: str) -> None:
    parse_rocm_smi(text)
    parse_amd_smi(listed=text, static=text, metric=text, process=text)
    parse_nvidia_smi(text)
    parse_meminfo(text)
    parse_cpuinfo(text)
    parse_cpu_list(text)


def mutated(value: Any, draw: st.DrawFn) -> Any:
    """The same document with some of its values, at any depth, replaced by others."""
    if draw(st.integers(0, 7)) == 0:
        return draw(ODD)
    if isinstance(value, dict):
        return {key: mutated(item, draw) for key, item in value.items()}
    return [mutated(item, draw) for item in value] if isinstance(value, list) else value


@st.composite
def documents(draw: st.DrawFn) -> str:
    return json.dumps(mutated(draw(st.sampled_from(DOCUMENTS)), draw))


@given(text=documents())
def test_documents_of_other_shapes(text: str) -> None:
    read_all(text)
    read_all("WARNING: the GPU is in a low-power state\n" + text)


@given(
    text=st.sampled_from([*SAMPLES, CSV]),
    cut=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    junk=st.text(max_size=12),
)
def test_output_that_was_cut_or_overwritten(text: str, cut: tuple[float, float], junk: str) -> None:
    start, end = (int(share * len(text)) for share in sorted(cut))
    read_all(text[:start] + junk + text[end:])


@example("¹")  # a digit, but no decimal
@given(text=st.text(max_size=200))
def test_any_text(text: str) -> None:
    read_all(text)
