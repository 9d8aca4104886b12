"""The one address in front of deployments. The one place of its defaults."""

from __future__ import annotations

from modelscan.dataclasses import dataclass
from modelscan.settings.declaring import declares, setting
from modelscan.settings.values import count, flag, port, seconds, text


@dataclass(frozen=True, kw_only=True, eq=False)
@declares
class GatewaySettings:
    host: str = setting(
        "127.0.0.1",
        text,
        env="MODELSCAN_GATEWAY_HOST",
        doc="the address that the gateway listens on; any but this machine's own needs a key first",
    )
    port: int = setting(
        4000,
        port,
        env="MODELSCAN_GATEWAY_PORT",
        doc="the port that the gateway listens on",
    )
    queue: int = setting(
        256,
        count,
        env="MODELSCAN_GATEWAY_QUEUE",
        doc="how many requests may wait for one model; further ones are answered 429",
    )
    wait_seconds: float = setting(
        600.0,
        seconds,
        env="MODELSCAN_GATEWAY_WAIT",
        doc="seconds that a request waits for its turn or for a start",
    )
    answer_seconds: float = setting(
        600.0,
        seconds,
        env="MODELSCAN_GATEWAY_ANSWER",
        doc="seconds that an endpoint may send nothing before its answer counts as lost",
    )
    connect_seconds: float = setting(
        5.0,
        seconds,
        env="MODELSCAN_GATEWAY_CONNECT",
        doc="seconds that a connection to an endpoint may take",
    )
    check_seconds: float = setting(
        30.0,
        seconds,
        env="MODELSCAN_GATEWAY_CHECK",
        doc="seconds between two questions to an upstream whether it answers",
    )
    drain_seconds: float = setting(
        30.0,
        seconds,
        env="MODELSCAN_GATEWAY_DRAIN",
        doc="seconds that answers get to end when the gateway is stopped",
    )
    max_body_bytes: int = setting(
        100_000_000,
        count,
        env="MODELSCAN_GATEWAY_MAX_BODY",
        doc="the largest body of a request in bytes",
    )
    access_log: bool = setting(
        True,
        flag,
        env="MODELSCAN_GATEWAY_ACCESS_LOG",
        doc="log a line per request, without prompts and keys",
    )
