"""Why a backend ended, from the end of its log: a table of known causes, the first that matches in its order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from string import Formatter

from modelscan import dataclasses
from modelscan.backends.base import AGAIN, HALF, Diagnosis
from modelscan.backends.explaining.logtext import message_of
from modelscan.dataclasses import dataclass
from modelscan.parsing.regex import regex

_EVIDENCE_LENGTH = 400
# `ValueError: …` begins the last line of a traceback; elsewhere it is quoted. What only says that another process
# failed is no cause.
_ERROR = regex(r"(?:[A-Za-z_][\w.]*\.)?[A-Z]\w*(?:Error|Exception): .+")
_CONSEQUENCE = regex(r"Engine core initialization failed|EngineDeadError|Worker failed with error|BrokenPipe")
_SIGNALS = {
    4: ("it used an instruction that this CPU does not have", ("install a build for this CPU, or use a GPU",)),
    6: ("it aborted", ()),
    7: ("it ran out of shared memory, or a weights file is truncated", ("df -h /dev/shm",)),
    9: ("it was killed with SIGKILL", ("dmesg | grep -i 'killed process'",)),
    11: ("it crashed with a segmentation fault", ()),
    15: ("another process terminated it with SIGTERM", ()),
}
_SHELL_OFFSET = 128
_KILLED_WITH = "killed with SIGKILL"  # in the cause of every end that the kernel may have made for want of memory


Derived = Mapping[str, int | float]
Derive = Callable[[Mapping[str, str]], Derived]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """A known failure. `pattern` is searched in each message of the log; `cause` and `hints` may use its named groups.
    It is compiled when a log is read: every command loads the tables, and few read a log.

    `derive` makes values for the next start from those groups; `hints` may use them too, and a hint that needs a value
    which there is not is left out.
    """

    pattern: str
    cause: str
    hints: tuple[str, ...] = ()
    derive: Derive | None = None
    wants_relief: bool = False


def cause(
    patterns: str | tuple[str, ...],
    sentence: str,
    *hints: str,
    derive: Derive | None = None,
    wants_relief: bool = False,
) -> Cause:
    """A row of a table; any of `patterns` identifies it."""
    pattern = patterns if isinstance(patterns, str) else "|".join(patterns)
    return Cause(pattern=pattern, cause=sentence, hints=hints, derive=derive, wants_relief=wants_relief)


def explain_end(
    title: str, causes: Sequence[Cause], log_tail: str, exit_code: int | None, *, kills_itself: str | None = None
) -> Diagnosis:
    """Known causes in the order of the table, then the signal, then the log's first error, then the exit status.

    Where the log contains `kills_itself`, the signal came from the backend itself and is ignored.
    """
    messages = [message for line in log_tail.splitlines() if (message := message_of(line))]
    for known in causes:
        for message in messages:
            if found := re.search(known.pattern, message):
                return _known(known, found, message)
    number = None if kills_itself and kills_itself in log_tail else signal_of(exit_code)
    if number in _SIGNALS:
        sentence, hints = _SIGNALS[number]
        return Diagnosis(
            cause=f"{title} ended: {sentence}", evidence=_cut(messages[-1]) if messages else None, hints=hints
        )
    return _unknown(title, messages, exit_code)


def with_kernel_kills(diagnosis: Diagnosis, kills: int) -> Diagnosis:
    """A plain SIGKILL is called that. `kills` is how many processes the kernel killed while this one ran because memory
    ran out: only with one of them is the same signal called by that name.
    """
    if kills < 1 or _KILLED_WITH not in diagnosis.cause:
        return diagnosis
    count = "a process" if kills == 1 else f"{kills} processes"
    return dataclasses.replace(
        diagnosis,
        cause=diagnosis.cause.replace(_KILLED_WITH, "killed by the kernel because the machine ran out of memory"),
        evidence=f"the kernel killed {count} for want of memory while it ran (/proc/vmstat, oom_kill)",
        hints=(*diagnosis.hints, f"modelscan deploy {AGAIN} --context-length {HALF}"),
    )


def _known(known: Cause, found: re.Match[str], message: str) -> Diagnosis:
    groups = {name: value or "" for name, value in found.groupdict().items()}
    derived = known.derive(groups) if known.derive else {}
    values = {**groups, **derived}
    return Diagnosis(
        cause=known.cause.format(**values),
        evidence=_cut(message),
        hints=tuple(hint.format(**values) for hint in known.hints if _fields(hint) <= values.keys()),
        suggested=derived,
        wants_relief=known.wants_relief,
    )


def _fields(hint: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(hint) if name}


def _unknown(title: str, messages: Sequence[str], exit_code: int | None) -> Diagnosis:
    errors = [found[0] for message in messages if (found := _ERROR.match(message))]
    root = next((error for error in errors if not _CONSEQUENCE.search(error)), None)
    status = "" if exit_code is None else f" with exit status {exit_code}"
    return Diagnosis(
        cause=f"{title} ended{status}" + (f": {_cut(root)}" if root else ""),
        evidence=_cut(root or messages[-1]) if messages else None,
    )


def signal_of(exit_code: int | None) -> int | None:
    """The signal that ended a process; None where none did. Python says -9 for one, a shell or a launcher in between
    137.
    """
    if exit_code is None or -1 < exit_code <= _SHELL_OFFSET:
        return None
    return -exit_code if exit_code < 0 else exit_code - _SHELL_OFFSET


def _cut(text: str) -> str:
    return text if len(text) <= _EVIDENCE_LENGTH else text[: _EVIDENCE_LENGTH - 1] + "…"
