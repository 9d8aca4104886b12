"""Which weights are downloaded."""

from __future__ import annotations

from modelscan.dataclasses import dataclass
from modelscan.settings.declaring import declares, setting
from modelscan.settings.values import flag, names


@dataclass(frozen=True, kw_only=True, eq=False)
@declares
class WeightsSettings:
    auto_download: bool = setting(
        True,
        flag,
        env="AUTO_DOWNLOAD_MODELS",
        doc="false: a deployment with missing weights fails immediately and lists them",
    )
    models: tuple[str, ...] = setting(
        (),
        names,
        env="MODELS",
        doc="models, separated by commas, that `pull` downloads without an ID and `up` deploys: of its file only these",
    )
