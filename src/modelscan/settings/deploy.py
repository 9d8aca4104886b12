"""How deployments are started, watched and stopped. The one place of these defaults."""

from __future__ import annotations

from modelscan.dataclasses import dataclass
from modelscan.model.words import RestartPolicy
from modelscan.settings.declaring import declares, setting
from modelscan.settings.values import count, port, restart_policy, seconds


@dataclass(frozen=True, kw_only=True, eq=False)
@declares
class DeploySettings:
    first_port: int = setting(
        8080,
        port,
        env="MODELSCAN_FIRST_PORT",
        doc="the first port to try for a deployment",
    )
    stall_timeout: float = setting(
        600.0,
        seconds,
        env="MODELSCAN_STALL_TIMEOUT",
        doc="seconds without progress after which a start fails",
    )
    stop_grace: float = setting(
        15.0,
        seconds,
        env="MODELSCAN_STOP_GRACE",
        doc="seconds a backend gets to exit after SIGTERM before it is killed",
    )
    stop_linger: float = setting(
        2.0,
        seconds,
        env="MODELSCAN_STOP_LINGER",
        doc="seconds the workers get to exit after the backend, before they are killed",
    )
    release_timeout: float = setting(
        30.0,
        seconds,
        env="MODELSCAN_RELEASE_TIMEOUT",
        doc="seconds to wait for GPU memory to be released, after a stop and before a start",
    )
    probe_interval: float = setting(
        5.0,
        seconds,
        env="MODELSCAN_PROBE_INTERVAL",
        doc="seconds between health checks of a ready backend",
    )
    probe_timeout: float = setting(
        10.0,
        seconds,
        env="MODELSCAN_PROBE_TIMEOUT",
        doc="timeout of a health check in seconds",
    )
    unhealthy_after: int = setting(
        3,
        count,
        env="MODELSCAN_UNHEALTHY_AFTER",
        doc="consecutive failed health checks after which a backend is unhealthy",
    )
    wedged_after: float = setting(
        120.0,
        seconds,
        env="MODELSCAN_WEDGED_AFTER",
        doc="seconds with requests in flight but no new token after which a backend is unhealthy, even if it responds",
    )
    restart_after: float = setting(
        60.0,
        seconds,
        env="MODELSCAN_RESTART_AFTER",
        doc="seconds a backend stays unhealthy before it is restarted, if the restart policy allows it",
    )
    restart: RestartPolicy = setting(
        "no",
        restart_policy,
        env="MODELSCAN_RESTART",
        doc="restart policy when a ready backend exits: no, on-failure, always",
    )
