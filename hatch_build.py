"""The build hook: makes the ready index, and puts what the program needs of `catalogs/` in the wheel."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# The facts from which the index is built: the index in the wheel holds them word for word.
_NOT_SHIPPED = frozenset({".jsonl", ".md", ".sqlite-new"})
_COMPILED = frozenset({"words.csv"})  # modules of the package (scripts/words.py)


class CustomBuildHook(BuildHookInterface[Any]):
    """For a wheel and for an editable installation alike; a source distribution carries the facts instead."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root / "src"))
        try:
            from modelscan.catalog.refresh.shipped_index import build_shipped_index
            from modelscan.parsing.yaml_text import load
            from modelscan.registry.lists import COMPILED, LISTED
        finally:
            sys.path.pop(0)
        catalogs = root / "catalogs"
        build_shipped_index(catalogs, catalogs)
        (catalogs / COMPILED).write_text(json.dumps(load((catalogs / LISTED).read_bytes())), encoding="utf-8")
        if version == "editable":
            return
        for path in sorted(catalogs.iterdir()):
            if path.suffix not in _NOT_SHIPPED and path.name not in _COMPILED and not path.name.startswith("."):
                build_data["force_include"][str(path)] = f"modelscan/catalogs/{path.name}"
