"""The vocabulary is one set of names: as the type checker sees them, as they are loaded, as they are exported."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

from modelscan import model


def seen_by_the_type_checker() -> dict[str, set[str]]:
    """By module, what stands under TYPE_CHECKING; a name that is missing there would be Any."""
    tree = ast.parse(Path(str(model.__file__)).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    assert all(alias.asname is None for node in imports for alias in node.names)
    return {str(node.module).removeprefix("modelscan.model."): {alias.name for alias in node.names} for node in imports}


def test_what_is_loaded_is_what_the_type_checker_sees() -> None:
    assert {home: set(names) for home, names in model._HOMES.items()} == seen_by_the_type_checker()


def test_what_is_exported_is_what_can_be_loaded() -> None:
    assert sorted(model.__all__) == sorted(name for names in model._HOMES.values() for name in names)
    for home, names in model._HOMES.items():
        module = importlib.import_module(f"modelscan.model.{home}")
        assert [getattr(model, name) is getattr(module, name) for name in names] == [True] * len(names)
