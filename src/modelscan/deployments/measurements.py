"""Memory figures that backends reported, kept for the next plan of the same weights."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from modelscan.deployments.record import Record
from modelscan.model import Measurement
from modelscan.storage.documents import checked_document, to_document
from modelscan.storage.state import State

_KEPT = 9  # of each repo: settings differ from start to start
_OF_PLAN = (
    *("gpu_name", "pipeline_parallel", "max_num_seqs", "kv_cache_dtype", "gpu_memory_utilization", "enforce_eager"),
    "speculative",
)


def measurement_of(record: Record, figures: dict[str, int], at: str) -> Measurement | None:
    """What a deployment's log gave, per GPU, with the settings of its plan; None where it gave nothing, on a
    CPU, and with adapters, which are counted among the weights.
    """
    pinned = record.pinned
    if not figures or not pinned.gpu_indices or pinned.repo_id is None or pinned.adapters:
        return None
    planned: dict[str, Any] = {name: pinned.plan[name] for name in _OF_PLAN if pinned.plan.get(name)} | figures
    return Measurement(
        repo_id=pinned.repo_id,
        revision=pinned.revision,
        quantization=pinned.quantization,
        backend=pinned.backend,
        backend_version=pinned.backend_version,
        tensor_parallel=pinned.tensor_parallel,
        max_model_len=pinned.max_model_len,
        at=at,
        **planned,
    )


class Measurements(State):
    """What was measured, repo by repo."""

    def add(self, measurement: Measurement) -> None:
        """Keep it, and forget the oldest of the same repo beyond nine."""
        with self._writing():
            self._connection.execute(
                "INSERT INTO measurements (repo_id, at, document) VALUES (?, ?, ?)",
                (
                    measurement.repo_id,
                    measurement.at or "",
                    json.dumps(to_document(measurement), separators=(",", ":")),
                ),
            )
            self._connection.execute(
                "DELETE FROM measurements WHERE repo_id = ? AND number <= (SELECT number FROM measurements"
                " WHERE repo_id = ? ORDER BY number DESC LIMIT 1 OFFSET ?)",
                (measurement.repo_id, measurement.repo_id, _KEPT),
            )

    def of(self, repos: Iterable[str]) -> tuple[Measurement, ...]:
        """Those of some repos, the newest first. A row that cannot be read counts as none."""
        wanted = tuple(dict.fromkeys(repos))
        marks = ", ".join("?" * len(wanted))
        with self._reading():
            rows = self._connection.execute(
                f"SELECT document FROM measurements WHERE repo_id IN ({marks}) ORDER BY number DESC",  # noqa: S608  only question marks
                wanted,
            ).fetchall()
        return tuple(found for row in rows if (found := _read(row["document"])) is not None)


def _read(document: str) -> Measurement | None:
    try:
        return checked_document(Measurement, json.loads(document))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
