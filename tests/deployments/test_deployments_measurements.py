"""What a backend's log said of memory is kept for the next plan of the same weights."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from modelscan.deployments.measurements import Measurements, measurement_of
from modelscan.deployments.record import DeploymentSpec, PinnedPlan, Record
from modelscan.model import Measurement
from modelscan.storage.paths import paths_below
from modelscan.units import GIB

RECORD = Record(
    spec=DeploymentSpec(id="1", name="demo", model="lab/demo"),
    pinned=PinnedPlan(
        repo_id="Lab/Demo",
        backend="vllm",
        backend_version="0.33.0",
        quantization="FP8",
        gpu_indices=(0,),
        max_model_len=4096,
        plan={"gpu_name": "NVIDIA L4", "max_num_seqs": 64, "gpu_memory_utilization": 0.9, "enforce_eager": False},
    ),
)
FIGURES = {"weights_bytes": 7 * GIB, "kv_cache_bytes": 9 * GIB, "kv_cache_tokens": 1000, "graphs_bytes": GIB // 2}


def test_a_log_and_a_plan_make_a_measurement() -> None:
    assert measurement_of(RECORD, FIGURES, "2026-11-20T10:00:00Z") == Measurement(
        repo_id="Lab/Demo",
        quantization="FP8",
        backend="vllm",
        backend_version="0.33.0",
        gpu_name="NVIDIA L4",
        max_model_len=4096,
        max_num_seqs=64,
        gpu_memory_utilization=0.9,
        weights_bytes=7 * GIB,
        kv_cache_bytes=9 * GIB,
        kv_cache_tokens=1000,
        graphs_bytes=GIB // 2,
        at="2026-11-20T10:00:00Z",
    )
    assert measurement_of(RECORD, {}, "2026-11-20T10:00:00Z") is None


def test_the_newest_come_first_and_the_oldest_go(tmp_path: Path) -> None:
    with Measurements(paths_below(tmp_path)) as kept:
        for number in range(12):
            kept.add(Measurement(repo_id="a/b", backend="vllm", weights_bytes=number, at="2026-11-20T10:00:00Z"))
        kept.add(Measurement(repo_id="c/d", backend="vllm"))
        assert [item.weights_bytes for item in kept.of(["a/b"])] == list(range(11, 2, -1))
        assert len(kept.of(["c/d", "c/d", "e/f"])) == 1
        assert kept.of([]) == ()


def test_reading_makes_no_file_and_passes_over_a_damaged_row(tmp_path: Path) -> None:
    paths = paths_below(tmp_path)
    with Measurements.for_reading(paths) as kept:
        assert kept.of(["a/b"]) == ()
    assert not paths.database_file.exists()
    with Measurements(paths) as kept:
        kept.add(Measurement(repo_id="a/b", backend="vllm", weights_bytes=5))
    with sqlite3.connect(paths.database_file) as connection:
        connection.execute("INSERT INTO measurements (repo_id, at, document) VALUES ('a/b', '', '{')")
    with Measurements.for_reading(paths) as kept:
        assert [item.weights_bytes for item in kept.of(["a/b"])] == [5]
