"""Where classes of one's own that serve models are found."""

from __future__ import annotations

from modelscan.dataclasses import dataclass
from modelscan.settings.declaring import declares, setting
from modelscan.settings.values import text


@dataclass(frozen=True, kw_only=True, eq=False)
@declares
class HandlersSettings:
    path: str | None = setting(
        None,
        text,
        env="MODELSCAN_HANDLERS_PATH",
        doc="the folder that dotted paths of `handler` begin at; by default that of `models.local.yaml`",
    )
