"""Where the routes of deployments are kept."""

from __future__ import annotations

from modelscan.dataclasses import dataclass
from modelscan.settings.declaring import declares, setting
from modelscan.settings.values import file_path


@dataclass(frozen=True, kw_only=True, eq=False)
@declares
class RoutingSettings:
    file: str = setting(
        "",
        file_path,
        env="MODELSCAN_ROUTING_FILE",
        doc="path of routing.yaml; empty for the config folder",
    )
