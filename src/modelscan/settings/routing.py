"""Where the routes of deployments are kept."""

from __future__ import annotations

from modelscan.dataclasses import dataclass
from modelscan.settings.declaring import declares, setting
from modelscan.settings.values import file_path, flag


@dataclass(frozen=True, kw_only=True, eq=False)
@declares
class RoutingSettings:
    file: str = setting(
        "",
        file_path,
        env="MODELSCAN_ROUTING_FILE",
        doc="path of routing.yaml; empty for the config folder",
    )
    litellm_file: str = setting(
        "",
        file_path,
        env="MODELSCAN_LITELLM_FILE",
        doc="path of a configuration of LiteLLM that is rewritten whenever routes change; empty for none",
    )
    litellm_keyless: bool = setting(
        False,
        flag,
        env="MODELSCAN_LITELLM_KEYLESS",
        doc="whether LiteLLM, with a configuration exported here, answers without a master key",
    )
