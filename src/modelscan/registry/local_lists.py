"""The lists of models in the user's own files; apart from ours, since only these need YAML."""

from __future__ import annotations

import functools
from pathlib import Path

from modelscan.parsing.problems import NotThisFormat
from modelscan.parsing.yaml_text import MAX_BYTES, load
from modelscan.registry.files import is_list, placed
from modelscan.registry.layers import Layer
from modelscan.registry.lists import layers_of


def of_files(files: list[Path]) -> tuple[list[Layer], list[str]]:
    """The entries of lists in our form, and a sentence for each that cannot be used; other files are the catalog's."""
    layers: list[Layer] = []
    problems: list[str] = []
    for path in files:
        if path.suffix == ".toml":
            continue
        try:
            with path.open("rb") as file:
                document = load(file.read(MAX_BYTES + 1), strict=True)
        except (OSError, NotThisFormat):
            continue  # said by the catalog, which reads every file
        if document is not None and is_list(path, document):
            found, wrong = layers_of(document, "local", str(path), functools.partial(placed, folder=path.parent))
            layers += found
            problems += [f"`{path}`: {reason}" for reason in wrong]
    return layers, problems
