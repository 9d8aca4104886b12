"""Every expected failure: one class per error code, raised once near its cause, rendered once at the edge.

    ModelscanError ──────────── error               1
    ├── ConfigInvalid           config_invalid      1   a setting, a file or a value in it is wrong
    ├── StateTooNew             state_too_new       1   written by a newer modelscan; never reset
    ├── StateDamaged            state_damaged       1   unreadable state; never reset
    ├── InterruptedBefore       interrupted_before  1   an earlier command died half-way
    ├── StorageFailed           storage_failed      1   disk full, read-only, no permission
    ├── Usage                   usage               2
    ├── NotFound
    │   ├── ModelNotFound       model_not_found     3
    │   ├── ModelAmbiguous      model_ambiguous     3
    │   ├── DeploymentNotFound  deployment_not_found 3
    │   └── GpuNotFound         gpu_not_found       3
    ├── NoFit                   no_fit              4
    ├── ClosedWeights           closed_weights      5
    ├── SourceUnavailable       source_unavailable  6
    │   ├── Gated               gated               6
    │   └── Unauthorized        unauthorized        6
    ├── BackendNotInstalled     backend_not_installed 7
    ├── BackendFailed           backend_failed      7
    ├── TimedOut                timeout             7
    ├── Conflict                conflict            8
    └── Interrupted             interrupted       130   Ctrl-C or SIGTERM; half-made work is undone or resumable

Statuses and codes are part of the interface: scripts branch on them. A bug is not in this tree: it keeps
its traceback and exits with 70.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar
from urllib.parse import urlsplit

BUG_EXIT_STATUS = 70


class ModelscanError(Exception):
    """An expected failure.

    `message` is one sentence with the thing at fault in backticks, without a full stop. `cause` says what lies
    behind it, one string a line. `hints` hold the exact commands to run next. `details` is JSON data for programs.
    """

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        *,
        cause: Iterable[str] = (),
        hints: Iterable[str] = (),
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.cause = tuple(cause)
        self.hints = tuple(hints)
        self.details = dict(details or {})


class ConfigInvalid(ModelscanError):
    code = "config_invalid"


class StateTooNew(ModelscanError):
    code = "state_too_new"


class StateDamaged(ModelscanError):
    code = "state_damaged"


class InterruptedBefore(ModelscanError):
    code = "interrupted_before"


class StorageFailed(ModelscanError):
    code = "storage_failed"


class Usage(ModelscanError):
    code = "usage"
    exit_status = 2


class NotFound(ModelscanError):
    exit_status = 3


class ModelNotFound(NotFound):
    code = "model_not_found"


class ModelAmbiguous(NotFound):
    code = "model_ambiguous"


class DeploymentNotFound(NotFound):
    code = "deployment_not_found"


class GpuNotFound(NotFound):
    code = "gpu_not_found"


class NoFit(ModelscanError):
    code = "no_fit"
    exit_status = 4


class ClosedWeights(ModelscanError):
    code = "closed_weights"
    exit_status = 5


class SourceUnavailable(ModelscanError):
    code = "source_unavailable"
    exit_status = 6


class Gated(SourceUnavailable):
    code = "gated"


class Unauthorized(SourceUnavailable):
    code = "unauthorized"


class BackendNotInstalled(ModelscanError):
    code = "backend_not_installed"
    exit_status = 7


class BackendFailed(ModelscanError):
    code = "backend_failed"
    exit_status = 7


class TimedOut(ModelscanError):
    code = "timeout"
    exit_status = 7


class Conflict(ModelscanError):
    code = "conflict"
    exit_status = 8


class Interrupted(ModelscanError):
    code = "interrupted"
    exit_status = 130


def shown_address(address: str) -> str:
    """An address as a message may repeat it: without the user's name, password and query, which can be a signature."""
    parts = urlsplit(address)
    if parts.username is None and parts.password is None and not parts.query:
        return address
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def error_classes() -> tuple[type[ModelscanError], ...]:
    """Every class of the tree that has a code of its own, in the order of the exit status; for docs and schemas."""
    found: list[type[ModelscanError]] = []
    waiting: list[type[ModelscanError]] = [ModelscanError]
    while waiting:
        cls = waiting.pop(0)
        if "code" in vars(cls):
            found.append(cls)
        waiting.extend(cls.__subclasses__())
    return tuple(sorted(found, key=lambda cls: (cls.exit_status, cls.code)))
