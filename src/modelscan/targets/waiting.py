"""Following a deployment until it is ready or over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from modelscan.deployments.again import runnable
from modelscan.errors import BackendFailed, TimedOut
from modelscan.model import Deployment
from modelscan.system.clock import Clock

_POLL_SECONDS = 0.1


def wait(
    look: Callable[[], Deployment],
    *,
    clock: Clock,
    until: Literal["ready", "stopped"] = "ready",
    timeout: float | None = None,
    limit: float | None = None,
    on_change: Callable[[Deployment], None] | None = None,
) -> Deployment:
    """Follow a deployment until it is ready, or over. `on_change` gets each new status, phase and progress.

    Raises BackendFailed when it failed or was stopped instead of becoming ready, TimedOut after `timeout` seconds, what
    is left of `limit` where other steps took of that.
    """
    deadline = None if timeout is None else clock.monotonic() + timeout
    shown: Deployment | None = None
    while True:
        now = look()
        if on_change is not None and (shown is None or _visible(now) != _visible(shown)):
            on_change(now)
        shown = now
        if now.status == until or (until == "stopped" and (now.status == "failed" or now.removed_at)):
            return now
        if now.status in {"failed", "stopped"} or now.removed_at:
            raise failure(now)
        if deadline is not None and clock.monotonic() >= deadline:
            raise TimedOut(
                f"`{now.name}` did not become {until} within {limit or timeout:g} s: it is `{now.status}`",
                cause=[now.phase] if now.phase else [],
                hints=[f"modelscan wait {now.name}", f"modelscan logs {now.name} --follow"],
                details={"status": now.status, "phase": now.phase},
            )
        clock.sleep(_POLL_SECONDS)


def failure(deployment: Deployment) -> BackendFailed:
    """The error for a deployment that did not become ready."""
    name = deployment.name
    if deployment.status == "stopped" or deployment.removed_at:
        return BackendFailed(f"`{name}` was stopped before it was ready", hints=[f"modelscan start {name}"])
    cause = [text for text in (deployment.message, deployment.error_evidence) if text]
    return BackendFailed(
        f"`{name}` failed: {deployment.last_error or deployment.message or 'see its log'}",
        cause=[text for text in cause if text != deployment.last_error],
        hints=list(dict.fromkeys([*runnable(deployment, deployment.error_hints), f"modelscan logs {name} --tail 50"])),
        details={"id": deployment.id, "log_path": deployment.log_path, "suggested": dict(deployment.error_suggested)},
    )


def _visible(deployment: Deployment) -> tuple[object, ...]:
    return (deployment.status, deployment.phase, deployment.progress, deployment.message, deployment.restarts)
