"""What SGLang says of itself: its log, its metrics, its ends."""

from __future__ import annotations

from modelscan.backends.base import Activity, Diagnosis, LogEvent
from modelscan.backends.capabilities import Explains
from modelscan.backends.explaining.diagnosis import explain_end
from modelscan.backends.explaining.metrics import read_activity
from modelscan.backends.sglang.about import ABOUT
from modelscan.backends.sglang.causes import CAUSES, KILLS_ITSELF
from modelscan.backends.sglang.log import read_line

# srt/observability/metrics_collector.py. Only this counter moves while a request runs, at each log interval (40 steps
# of decoding); the others when it is done.
_REQUESTS = ("sglang:num_running_reqs", "sglang:num_queue_reqs")
_WORK = ("sglang:realtime_tokens_total",)


class SglangExplains(Explains):
    def read_log_line(self, line: str) -> LogEvent | None:
        return read_line(line)

    def read_metrics(self, text: str) -> Activity | None:
        return read_activity(text, requests=_REQUESTS, work=_WORK)

    def diagnose(self, log_tail: str, exit_code: int | None) -> Diagnosis:
        return explain_end(ABOUT.title, CAUSES, log_tail, exit_code, kills_itself=KILLS_ITSELF)


EXPLAINS = SglangExplains()
