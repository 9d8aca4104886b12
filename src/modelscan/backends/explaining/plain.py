"""For a backend without a log reader of its own."""

from __future__ import annotations

from modelscan.backends.base import Activity, Diagnosis, LogEvent
from modelscan.backends.capabilities import Explains
from modelscan.backends.explaining.common_causes import MACHINE, MEMORY
from modelscan.backends.explaining.diagnosis import explain_end
from modelscan.backends.explaining.weights_causes import WEIGHTS


class PlainLog(Explains):
    """Its phases are unknown, it is healthy as long as it responds, and it ends as any program does."""

    metrics_path: str | None = None

    def __init__(self, title: str) -> None:
        self._title = title

    def read_log_line(self, line: str) -> LogEvent | None:  # noqa: ARG002  nothing in it is known
        return None

    def read_metrics(self, text: str) -> Activity | None:  # noqa: ARG002  none is asked for
        return None

    def diagnose(self, log_tail: str, exit_code: int | None) -> Diagnosis:
        return explain_end(self._title, (*MEMORY, *MACHINE, *WEIGHTS), log_tail, exit_code)
