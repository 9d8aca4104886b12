"""A file of `gpu --json` that people wrote or changed: each field is what it must be, or the file is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelscan.errors import Usage
from modelscan.hardware.machine_file import read_machine_file
from modelscan.model import Cpu, Hardware

MACHINE: dict[str, Any] = {
    "devices": [
        {
            "index": 0,
            "vendor": "nvidia",
            "name": "NVIDIA L4",
            "memory_total_bytes": 24_152_899_584,
            "compute_capability": "8.9",
            "processes": [{"pid": 4, "memory_bytes": 5}],
        },
        {"vendor": "amd", "gfx_target": "gfx942", "memory_total_bytes": 200 * 10**9, "integrated": False},
    ],
    "cuda_version": "13.0",
    "links": [{"gpus": [0, 1], "nvlink": True}],
    "cpu": {"cores": 4, "isa": ["avx2"], "memory_total_bytes": 10**10},
    "faults": ["one"],
}


def read(tmp_path: Path, document: object) -> Hardware:
    path = tmp_path / "machine.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return read_machine_file(path, examples="like this")


def test_what_is_missing_is_unknown(tmp_path: Path) -> None:
    assert read(tmp_path, {}) == Hardware()
    found = read(tmp_path, {"devices": [{"name": "X"}], "cpu": None, "driver_version": None, "new_key": 3})
    assert (found.devices[0].index, found.devices[0].memory_total_bytes, found.cpu) == (0, None, Cpu())


@pytest.mark.parametrize(
    ("document", "cause"),
    [
        ([], "the file must be an object with `devices`, not []"),
        ({"devices": {"a": 1}}, '`devices` must be a list of at most 1024 GPUs, not {"a": 1}'),
        ({"devices": ["rtx-4090"]}, '`devices[0]` must be an object, not "rtx-4090"'),
        ({"devices": [{"index": "a"}]}, '`devices[0].index` must be a whole number of 0 or more, not "a"'),
        ({"devices": [{"name": 7}]}, "`devices[0].name` must be text, not 7"),
        ({"devices": [{"integrated": 1}]}, "`devices[0].integrated` must be true or false, not 1"),
        ({"devices": [{"vendor": "foo"}]}, '`devices[0].vendor` must be one of nvidia, amd, intel, apple, other, not "foo"'),
        (
            {"devices": [{}, {"compute_capability": "banana"}]},
            '`devices[1].compute_capability` must be a number such as 8.9, as text, not "banana"',
        ),
        ({"links": [{"gpus": [0]}]}, "`links[0].gpus` must be 2 values, not [0]"),
        ({"links": [{}]}, "`links[0].gpus` must be there, not null"),
        ({"cpu": {"memory_total_bytes": "64GB"}}, '`cpu.memory_total_bytes` must be a whole number of 0 or more, not "64GB"'),
    ],
)  # fmt: skip
def test_the_field_that_is_wrong_is_named(tmp_path: Path, document: object, cause: str) -> None:
    with pytest.raises(Usage) as refused:
        read(tmp_path, document)
    assert refused.value.cause == (cause,)
    assert refused.value.hints == ("write one: modelscan gpu --json > machine.json",)


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just([]), st.just({}), st.just([{}])
)


@st.composite
def changed(draw: st.DrawFn, value: Any = MACHINE) -> Any:
    if draw(st.integers(0, 7)) == 0:
        return draw(ODD)
    if isinstance(value, dict):
        return {key: draw(changed(item)) for key, item in value.items()}
    return [draw(changed(item)) for item in value] if isinstance(value, list) else value


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=changed())
def test_any_other_file_is_read_or_refused(tmp_path: Path, document: object) -> None:
    try:
        found = read(tmp_path, document)
    except Usage:
        return
    assert all(isinstance(gpu.memory_total_bytes, int | None) for gpu in found.devices)
