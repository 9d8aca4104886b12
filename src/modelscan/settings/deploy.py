"""How deployments are started, watched and stopped. The one place of these defaults."""

from __future__ import annotations

from dataclasses import dataclass

from modelscan.model.words import RestartPolicy
from modelscan.settings.declaring import setting
from modelscan.settings.values import count, port, restart_policy, seconds


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DeploySettings:
    first_port: int = setting(
        8080,
        port,
        env="MODELSCAN_FIRST_PORT",
        doc="the first port offered to a deployment",
    )
    stall_timeout: float = setting(
        600.0,
        seconds,
        env="MODELSCAN_STALL_TIMEOUT",
        doc="seconds without any progress after which a starting backend is given up",
    )
    stop_grace: float = setting(
        15.0,
        seconds,
        env="MODELSCAN_STOP_GRACE",
        doc="seconds a backend gets to end by itself before it is killed",
    )
    stop_linger: float = setting(
        2.0,
        seconds,
        env="MODELSCAN_STOP_LINGER",
        doc="seconds its workers get once the backend itself is gone, before they are killed",
    )
    release_timeout: float = setting(
        30.0,
        seconds,
        env="MODELSCAN_RELEASE_TIMEOUT",
        doc="seconds to wait until the memory of a GPU is back, after a stop and before a start",
    )
    probe_interval: float = setting(
        5.0,
        seconds,
        env="MODELSCAN_PROBE_INTERVAL",
        doc="seconds between two questions to a ready backend whether it is well",
    )
    probe_timeout: float = setting(
        10.0,
        seconds,
        env="MODELSCAN_PROBE_TIMEOUT",
        doc="seconds a backend gets to answer that",
    )
    unhealthy_after: int = setting(
        3,
        count,
        env="MODELSCAN_UNHEALTHY_AFTER",
        doc="failed probes in a row after which a backend is unhealthy",
    )
    wedged_after: float = setting(
        120.0,
        seconds,
        env="MODELSCAN_WEDGED_AFTER",
        doc="seconds with requests in flight and no token after which a backend is unhealthy, though it answers",
    )
    restart_after: float = setting(
        60.0,
        seconds,
        env="MODELSCAN_RESTART_AFTER",
        doc="seconds that a backend stays unhealthy before it is restarted, where the restart setting says so",
    )
    restart: RestartPolicy = setting(
        "no",
        restart_policy,
        env="MODELSCAN_RESTART",
        doc="what happens when a ready backend dies: no, on-failure, always",
    )
