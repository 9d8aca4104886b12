"""The user's own files: `models.local.yaml`, and folders of YAML and TOML catalogs."""

from __future__ import annotations

from pathlib import Path

from modelscan.catalog.sources import gpustack, model_list, models_dev, standing
from modelscan.catalog.sources.record import Parsed
from modelscan.parsing.problems import NotThisFormat, Skipped
from modelscan.parsing.yaml_text import MAX_BYTES, load
from modelscan.registry.files import is_list, placed

NAME = standing.LOCAL.name


def parse_file(path: Path) -> Parsed:
    """Records of one file of the user's. What cannot be read is skipped with the reason, the file's name before it."""
    try:
        with path.open("rb") as file:
            payload = file.read(MAX_BYTES + 1)  # one byte more is too long for every form
        if path.suffix == ".toml":
            return models_dev.parse_toml(payload, path.stem, source=NAME)
        document = load(payload, strict=True)
        if document is None:
            return Parsed()  # nothing but comments
        if is_list(path, document):
            return model_list.parse_document(document, source=NAME, place=lambda written: placed(written, path.parent))
        return gpustack.parse_document(document, source=NAME)
    except NotThisFormat as error:
        return Parsed(skipped=[Skipped(path.name, str(error))])
    except OSError as error:
        return Parsed(skipped=[Skipped(path.name, f"cannot be read: {error}")])
