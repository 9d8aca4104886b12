"""A job and its events, as documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from modelscan.dataclasses import dataclass, field

JobKind = Literal["deploy", "start", "stop", "restart", "remove", "pull", "refresh", "install"]
JobStatus = Literal["running", "done", "failed", "cancelled"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """`argv` are the words after `modelscan`; `subject` is the name that people know its work by.

    `fraction` (0 to 1) and `message` are of its last event. `result` is the JSON that the command printed, and `error`
    its error document, as `--json` prints it.
    """

    id: str
    kind: JobKind
    subject: str
    argv: tuple[str, ...]
    status: JobStatus = "running"
    created_at: str
    ended_at: str | None = None
    exit_status: int | None = None
    message: str | None = None
    fraction: float | None = None
    result: Any = None
    error: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class JobEvent:
    """`kind` is a status that began, or the command's own word; `fields` are what the command told besides.

    `job_kind` and `subject` are the job's.
    """

    number: int
    job: str
    job_kind: JobKind
    subject: str
    at: str
    kind: str
    message: str | None
    fraction: float | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
