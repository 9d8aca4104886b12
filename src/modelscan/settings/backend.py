"""Where to find backends that modelscan did not install."""

from __future__ import annotations

from modelscan.dataclasses import dataclass
from modelscan.settings.declaring import declares, setting
from modelscan.settings.values import folders


@dataclass(frozen=True, kw_only=True, eq=False)
@declares
class BackendSettings:
    dirs: tuple[str, ...] = setting(
        (),
        folders,
        env="MODELSCAN_BACKEND_DIRS",
        doc="environments of backends that you installed yourself, separated by `:`",
    )
