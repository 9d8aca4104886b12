"""The user's own files: `models.local.yaml`, and folders of YAML and TOML catalogs."""

from __future__ import annotations

import tomllib
from pathlib import Path

from modelscan.catalog.record import NotThisFormat, Parsed, Skipped
from modelscan.catalog.sources import gpustack, model_list, models_dev
from modelscan.catalog.sources.yaml_text import load

NAME = "local"


def parse_file(path: Path) -> Parsed:
    """Records of one file of the user's. What cannot be read is skipped with the reason, the file's name before it."""
    try:
        payload = path.read_bytes()
        if path.suffix == ".toml":
            return models_dev.parse_toml(payload, path.stem, source=NAME)
        document = load(payload)
        if isinstance(document, dict) and "models" in document:
            return model_list.parse_document(document, source=NAME, place=lambda written: _place(written, path.parent))
        return gpustack.parse_document(document, source=NAME)
    except NotThisFormat as error:
        return Parsed(skipped=[Skipped(path.name, str(error))])
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return Parsed(skipped=[Skipped(path.name, f"cannot be read: {error}")])


def _place(written: str, folder: Path) -> str:
    """A path as the user wrote it: absolute, with `~`, or relative to the file that names it."""
    return str((folder / Path(written).expanduser()).resolve())
