"""What is counted and logged of a request once it is over.

Requests are put down when they end and worked up some at a time: a request alone would take twice as long for it.
"""

from __future__ import annotations

from modelscan.gateway.bodies.usage import tokens_of
from modelscan.gateway.journal import EndedRequest, Journal
from modelscan.gateway.metrics import Metrics, Took

_MOST = 256  # working them up takes less than a millisecond


class Accounts:
    """`settle` is to be called before anybody looks at the metrics, and every quarter of a second."""

    def __init__(self, metrics: Metrics, journal: Journal) -> None:
        self._metrics = metrics
        self._journal = journal
        self._ended: list[EndedRequest] = []

    def put(self, ended: EndedRequest) -> None:
        self._ended.append(ended)
        if len(self._ended) >= _MOST:
            self.settle()

    def settle(self) -> None:
        ended, self._ended = self._ended, []
        alike: dict[tuple[str, str, str, int, str], list[Took]] = {}
        for item in ended:
            self._journal.request(item)
            route = item.request.head.route
            operation = "" if route is None else route.operation
            about = (item.model or "other", item.deployment, operation, item.status, item.key)
            took = (item.seconds, item.first, *tokens_of(item.tail))
            found = alike.get(about)
            if found is None:
                alike[about] = [took]
            else:
                found.append(took)
        for about, times in alike.items():
            self._metrics.requests_over(*about, times)
        self._journal.flush()
