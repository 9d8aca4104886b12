"""The sources of the catalogs."""

from __future__ import annotations

from modelscan.dataclasses import dataclass
from modelscan.settings.declaring import declares, setting
from modelscan.settings.values import folders, text


@dataclass(frozen=True, kw_only=True, eq=False)
@declares
class CatalogSettings:
    models_dev_url: str = setting(
        "https://models.dev/api.json",
        text,
        env="MODELSCAN_MODELS_DEV_URL",
        doc="models.dev's api.json: https, file: or a path",
    )
    gpustack_catalog_url: str = setting(
        "https://raw.githubusercontent.com/gpustack/gpustack/main/gpustack/assets/model-catalog.yaml",
        text,
        env="MODELSCAN_GPUSTACK_CATALOG_URL",
        doc="GPUStack's catalog of Hugging Face models",
    )
    gpustack_modelscope_catalog_url: str = setting(
        "https://raw.githubusercontent.com/gpustack/gpustack/main/gpustack/assets/model-catalog-modelscope.yaml",
        text,
        env="MODELSCAN_GPUSTACK_MODELSCOPE_CATALOG_URL",
        doc="GPUStack's catalog of ModelScope models",
    )
    vllm_recipes_url: str = setting(
        "https://recipes.vllm.ai",
        text,
        env="MODELSCAN_VLLM_RECIPES_URL",
        doc="vLLM's recipes: the address of their JSON tree, or a folder with their YAML files",
    )
    dirs: tuple[str, ...] = setting(
        (),
        folders,
        env="MODELSCAN_CATALOG_DIRS",
        doc="more folders with catalog files, besides `catalogs/` in the config folder, separated by `:`",
    )
