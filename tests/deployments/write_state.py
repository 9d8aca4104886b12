"""Keep the state as this version writes it: `python tests/deployments/write_state.py`, once per schema version.

Run it when a migration was added; the file stays for ever, and a test reads it with whatever modelscan has become.
"""

from __future__ import annotations

import sqlite3
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modelscan import dataclasses
from modelscan.deployments.document import deployment_of, record_of
from modelscan.deployments.store import Store
from modelscan.model import Deployment, DeploymentMemory, Measured, Progress
from modelscan.storage.paths import paths_below

FIXTURES = Path(__file__).with_name("fixtures")


class StoppedClock:
    def now(self) -> datetime:
        return datetime(2026, 11, 21, 8, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        del seconds


def fill(store: Store) -> None:
    """One that failed after it was ready, with everything in its record, and one that was removed."""
    store.create(
        record_of(
            Deployment(
                id="0a1",
                name="small",
                model="qwen/qwen3-0.6b",
                catalog_id="qwen/qwen3-0.6b",
                repo_id="Qwen/Qwen3-0.6B",
                revision="c1899de289a04d12100db370d81485cdf75e47ca",
                source="huggingface",
                backend="vllm",
                backend_version="0.32.0",
                quantization="BF16",
                port=8080,
                base_url="http://localhost:8080",
                openai_base_url="http://localhost:8080/v1",
                served_model_names=("small", "qwen/qwen3-0.6b"),
                gpu_indices=(0, 1),
                gpu_uuids=("GPU-1", "GPU-2"),
                tensor_parallel=2,
                max_model_len=40960,
                kv_cache_tokens=100000,
                max_concurrency=2.44,
                memory=DeploymentMemory(estimated_bytes=7516192768),
                request={"model": "qwen/qwen3-0.6b", "context_length": 40960},
                argv=("/opt/vllm/bin/vllm", "serve", "/models/qwen", "--port", "8080"),
                program="/opt/vllm/bin/vllm",
                location="/models/qwen",
                env={"DO_NOT_TRACK": "1"},
                restart_policy="on-failure",
            )
        )
    )
    progress = Progress(fraction=0.5, detail="1 of 2 files")
    _write(store, "0a1", status="starting", phase="loading weights", progress=progress, pid=4711, boot_id="b")
    memory = DeploymentMemory(estimated_bytes=7516192768, measured_bytes=7000000000)
    measured = Measured(ttft_ms=41.5, decode_tokens_per_second=88.0)
    _write(store, "0a1", status="ready", phase=None, progress=None, measured=measured, memory=memory)
    _write(
        store, "0a1", status="failed", last_error="the GPU ran out of memory", error_suggested={"context_length": 640}
    )
    store.create(
        record_of(Deployment(id="0b2", name="gone", model="lab/gone", backend="sglang", port=None, task="embed"))
    )
    _write(store, "0b2", status="stopped")
    _write(store, "0b2", removed_at="2026-11-21T08:00:00Z")


def _write(store: Store, deployment_id: str, **changes: Any) -> None:
    document = dataclasses.replace(deployment_of(store.by_id(deployment_id)), **changes)
    store.write(record_of(document))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = paths_below(Path(folder))
        with Store(paths, StoppedClock()) as store:
            fill(store)
        connection = sqlite3.connect(paths.database_file)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        text = "\n".join([*connection.iterdump(), f"PRAGMA user_version = {version};"])
    (FIXTURES / f"state_{version}.sql").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
