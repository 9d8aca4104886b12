"""Where the routes of deployments are kept."""

from __future__ import annotations

from dataclasses import dataclass

from modelscan.settings.declaring import setting
from modelscan.settings.values import text


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RoutingSettings:
    file: str = setting(
        "",
        text,
        env="MODELSCAN_ROUTING_FILE",
        doc="path of routing.yaml; empty for the config folder",
    )
