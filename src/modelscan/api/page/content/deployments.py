"""A deployment as pages show it: what is derived from its document."""

from __future__ import annotations

from datetime import datetime

from modelscan.dataclasses import dataclass
from modelscan.deployments.again import runnable
from modelscan.model import Deployment
from modelscan.system.clock import parse_rfc3339
from modelscan.targets.registry import HOSTS


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownDeployment:
    """`seconds_left` is to when it should be ready, `cause` why it failed, `hints` commands that may help."""

    item: Deployment
    hue: int
    seconds_left: float | None
    seconds_up: float | None
    place: str
    cause: str | None
    hints: tuple[str, ...]

    @property
    def speed(self) -> tuple[float | None, str]:
        """Tokens per second of one request, and where the figure is from."""
        measured = self.item.measured.decode_tokens_per_second
        if measured is not None:
            return measured, "measured"
        return (self.item.plan.get("estimated") or {}).get("decode_tokens_per_second"), "estimated"


def shown(item: Deployment, now: datetime, hue: int) -> ShownDeployment:
    expected = item.progress.expected_at if item.progress is not None else None
    failed = item.status in {"failed", "unhealthy"}
    return ShownDeployment(
        item=item,
        hue=hue,
        seconds_left=max((parse_rfc3339(expected) - now).total_seconds(), 0) if expected else None,
        seconds_up=(now - parse_rfc3339(item.started_at)).total_seconds() if item.started_at and item.is_live else None,
        place=_place(item),
        cause=(item.last_error or item.message) if failed else None,
        hints=tuple(runnable(item, item.error_hints)) if failed else (),
    )


def _place(item: Deployment) -> str:
    if item.target in HOSTS:
        return item.target
    return f"GPU {', '.join(map(str, item.gpu_indices))}" if item.gpu_indices else "CPU"
