"""What llama.cpp says of itself: its log, its metrics, its ends."""

from __future__ import annotations

from modelscan.backends.base import Activity, Diagnosis, LogEvent
from modelscan.backends.capabilities import Explains
from modelscan.backends.explaining.diagnosis import explain_end
from modelscan.backends.explaining.metrics import read_activity
from modelscan.backends.llamacpp.about import ABOUT
from modelscan.backends.llamacpp.causes import CAUSES, lacking_instructions
from modelscan.backends.llamacpp.log import read_line

# tools/server/server-context.cpp. `n_decode_total` grows with every batch that is computed, a prompt's too.
_REQUESTS = ("llamacpp:requests_processing", "llamacpp:requests_deferred")
_WORK = ("llamacpp:n_decode_total",)


class LlamacppExplains(Explains):
    def read_log_line(self, line: str) -> LogEvent | None:
        return read_line(line)

    def read_metrics(self, text: str) -> Activity | None:
        return read_activity(text, requests=_REQUESTS, work=_WORK)

    def diagnose(self, log_tail: str, exit_code: int | None) -> Diagnosis:
        return lacking_instructions(log_tail, exit_code) or explain_end(ABOUT.title, CAUSES, log_tail, exit_code)


EXPLAINS = LlamacppExplains()
