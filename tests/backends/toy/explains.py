# ruff: noqa: ARG002  a toy needs little of what it is told
"""The toy's log."""

from __future__ import annotations

from modelscan.backends.base import Activity, Diagnosis, LogEvent
from modelscan.backends.capabilities import Explains


class ToyExplains(Explains):
    metrics_path = None

    def read_log_line(self, line: str) -> LogEvent | None:
        return LogEvent(phase="loading weights", kv_cache_tokens=4321) if line.startswith("toy: reading") else None

    def read_metrics(self, text: str) -> Activity | None:
        return None

    def diagnose(self, log_tail: str, exit_code: int | None) -> Diagnosis:
        return Diagnosis(cause="Toy is broken")


EXPLAINS = ToyExplains()
