"""When asking again can help: a busy or ailing server is given a moment, a refusal is one at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from modelscan.errors import Gated, SourceUnavailable, Unauthorized
from modelscan.system.clock import Clock

_Asked = TypeVar("_Asked")
_TRIES = 4
_FIRST_WAIT = 0.5
# Someone sits before the question: what asks for more than this is told to them.
_LONGEST_WAIT = 10.0
_BUSY = {408, 425, 429}
_AILING = range(500, 600)


def passes(error: SourceUnavailable) -> bool:
    """Whether trying again can help: a broken line, a busy or ailing server; not a refusal."""
    return not isinstance(error, Gated | Unauthorized) and (error.details.get("status") is None or _answered(error))


def patiently(ask: Callable[[], _Asked], clock: Clock) -> _Asked:
    """What `ask` finds out, asked again while the server answers that it is busy or ailing.

    One that cannot be reached at all is not waited for: there may be another answer without it.
    """
    wait = _FIRST_WAIT
    for _ in range(_TRIES - 1):
        try:
            return ask()
        except SourceUnavailable as error:
            told = error.details.get("retry_after")
            wait = max(wait, float(told)) if isinstance(told, int | float) else wait
            if isinstance(error, Gated | Unauthorized) or not _answered(error) or wait > _LONGEST_WAIT:
                raise
        clock.sleep(wait)
        wait = 2 * wait
    return ask()


def _answered(error: SourceUnavailable) -> bool:
    status = error.details.get("status")
    return status in _BUSY or status in _AILING
