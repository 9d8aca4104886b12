"""What the handlers' server says of itself: its log, its metrics, its ends."""

from __future__ import annotations

from modelscan.backends.base import Activity, Diagnosis, LogEvent
from modelscan.backends.capabilities import Explains
from modelscan.backends.explaining.diagnosis import explain_end
from modelscan.backends.explaining.metrics import read_activity
from modelscan.backends.transformers.about import ABOUT
from modelscan.backends.transformers.causes import CAUSES
from modelscan.parsing.regex import regex

_LOADING = regex(r"^loading (?P<name>\S+) \((?P<number>\d+) of (?P<all>\d+)\)")
_REQUESTS = ("handlers_requests_running", "handlers_requests_waiting")
_WORK = ("handlers_work_total",)


class TransformersExplains(Explains):
    def read_log_line(self, line: str) -> LogEvent | None:
        if (found := _LOADING.match(line)) is not None:
            number, every = int(found["number"]), int(found["all"])
            detail = found["name"] if every > 1 else None
            return LogEvent(
                phase="loading weights", fraction=(number - 1) / every if every > 1 else None, detail=detail
            )
        return LogEvent(phase="warming up") if line.startswith("all models are loaded") else None

    def read_metrics(self, text: str) -> Activity | None:
        return read_activity(text, requests=_REQUESTS, work=_WORK)

    def diagnose(self, log_tail: str, exit_code: int | None) -> Diagnosis:
        return explain_end(ABOUT.title, CAUSES, log_tail, exit_code)


EXPLAINS = TransformersExplains()
