"""What vLLM says of itself: its log, its metrics, its ends."""

from __future__ import annotations

from modelscan.backends.base import Activity, Diagnosis, LogEvent
from modelscan.backends.capabilities import Explains
from modelscan.backends.explaining.diagnosis import explain_end
from modelscan.backends.explaining.metrics import read_activity
from modelscan.backends.vllm.about import ABOUT
from modelscan.backends.vllm.causes import CAUSES
from modelscan.backends.vllm.log import read_line

# v1/metrics/loggers.py of 0.32.0. The histogram counts steps of the engine, so that a long prefill counts as work.
_REQUESTS = ("vllm:num_requests_running", "vllm:num_requests_waiting")
_WORK = ("vllm:generation_tokens_total", "vllm:prompt_tokens_total", "vllm:iteration_tokens_total_count")


class VllmExplains(Explains):
    def read_log_line(self, line: str) -> LogEvent | None:
        return read_line(line)

    def read_metrics(self, text: str) -> Activity | None:
        return read_activity(text, requests=_REQUESTS, work=_WORK)

    def diagnose(self, log_tail: str, exit_code: int | None) -> Diagnosis:
        return explain_end(ABOUT.title, CAUSES, log_tail, exit_code)


EXPLAINS = VllmExplains()
