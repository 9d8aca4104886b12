"""No backend is named outside its folder and its line in the registry: nothing else may depend on which there are."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import modelscan
from modelscan.backends.registry import BACKENDS

ROOT = Path(modelscan.__file__).parent
# A catalog of models that is called after a backend, in code, settings and words for people.
SOURCE = re.compile(r"vllm[-_ ]recipes|vLLM's recipes|recipes\.vllm\.ai", re.IGNORECASE)


# A backend that goes by the name of its library, of which others speak too.
LIBRARIES = frozenset({"transformers"})


@functools.cache
def names() -> re.Pattern[str]:
    found = {*BACKENDS, *(backend.title for backend in BACKENDS.values())}
    words = "|".join(re.escape(name) for name in found if name.lower() not in LIBRARIES)
    return re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", re.IGNORECASE)


def named(text: str) -> bool:
    return names().search(SOURCE.sub("", text)) is not None


def strings(file: Path) -> Iterator[tuple[int, str]]:
    """All but docstrings, of a file that names one at all."""
    text = file.read_text(encoding="utf-8")
    if not named(text):
        return
    tree = ast.parse(text)
    told = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.lineno, node.value


def imports(file: Path) -> Iterator[tuple[int, str]]:
    text = file.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)) if "modelscan.backends." in text else ():
        if isinstance(node, ast.ImportFrom | ast.Import):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [name.name for name in node.names]
            yield from ((node.lineno, module) for module in modules)


def outside() -> list[Path]:
    """The program's files, but for the folders of backends and the registry."""
    folders = [ROOT / "backends" / name for name in BACKENDS]
    files = [file for file in ROOT.rglob("*.py") if not any(file.is_relative_to(folder) for folder in folders)]
    # Made from words.csv: data, in which what people paste (`vllm serve …`) stands.
    data = {ROOT / "backends" / "registry.py", *ROOT.glob("catalog/*/words.py")}
    return [file for file in files if file not in data]


def test_what_counts_as_a_name() -> None:
    assert named("modelscan backend install vllm")
    assert named("SGLang's own")
    assert not named("https://recipes.vllm.ai")
    assert not named("hosted_vllm/")  # LiteLLM's word, of models elsewhere


def test_no_string_names_one() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{line}: {text!r}"
        for file in outside()
        for line, text in strings(file)
        if named(text)
    ]
    assert found == []


def test_nobody_imports_from_the_folder_of_one() -> None:
    prefixes = tuple(f"modelscan.backends.{name}" for name in BACKENDS)
    found = [
        f"{file.relative_to(ROOT)}:{line}"
        for file in outside()
        for line, name in imports(file)
        if name.startswith(prefixes)
    ]
    assert found == []
