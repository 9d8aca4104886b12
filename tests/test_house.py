"""The rules of the house that no linter knows: small rooms, each with its map, and one word for one thing.

Import directions and circles are contracts in `pyproject.toml`. What stands below as an exception is of today and is
only ever taken out.
"""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.util
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).resolve().parents[1]
HOUSE = ROOT / "src" / "modelscan"

LONGEST_MODULE = 400
MEDIAN_MODULE = 100
MOST_MODULES = 18
MOST_IMPORTS_IN_FUNCTIONS = 59
IMPORT = re.compile(r"^\s*(?:.*; )?from (?P<module>modelscan[\w.]*) import (?P<names>[\w, ]+)", re.MULTILINE)
INDENTED_IMPORT = re.compile(r"^[ \t]+(?:from|import) ", re.MULTILINE)
CLASS = re.compile(r"^[ \t]*class (?P<name>\w+)[(:]", re.MULTILINE)
FORBIDDEN_NAMES = {"utils", "util", "helpers", "manager", "managers", "common", "misc"}


@functools.cache
def paths() -> list[str]:
    """Of all modules, inside the house."""
    return [path.relative_to(HOUSE).as_posix() for path in HOUSE.rglob("*.py")]


@functools.cache
def modules() -> dict[str, str]:
    """The text of each."""
    return {path: (HOUSE / path).read_text(encoding="utf-8") for path in paths()}


def trees(having: re.Pattern[str]) -> Iterator[tuple[str, ast.Module]]:
    """Of modules in whose text a pattern is found: to parse all takes a second, in each worker."""
    return ((path, ast.parse(text)) for path, text in modules().items() if having.search(text))


def rooms() -> list[str]:
    return sorted({Path(path).parent.as_posix() for path in paths()} - {"."})


def content(room: str) -> Iterator[str]:
    """Modules and rooms directly inside it, by name."""
    for path in paths():
        if path.startswith(f"{room}/") and not path.endswith("/__init__.py"):
            rest = path.removeprefix(f"{room}/")
            yield rest.partition("/")[0].removesuffix(".py")


def test_a_module_is_one_idea() -> None:
    lengths = {path: text.count("\n") for path, text in modules().items()}
    assert {path: length for path, length in lengths.items() if length > LONGEST_MODULE} == {}
    assert median(length for path, length in lengths.items() if not path.endswith("__init__.py")) <= MEDIAN_MODULE


def test_a_folder_with_many_modules_opens_into_rooms() -> None:
    counts: defaultdict[str, int] = defaultdict(int)
    for path in paths():
        counts[Path(path).parent.as_posix()] += not path.endswith("__init__.py")
    assert {room: count for room, count in counts.items() if count > MOST_MODULES} == {}


def test_no_name_says_nothing() -> None:
    names = {Path(path).stem for path in paths()} | {part for room in rooms() for part in room.split("/")}
    assert names & FORBIDDEN_NAMES == set()
    assert [name for name in names if name.endswith(("_utils", "_helpers", "_manager", "_v2"))] == []


def test_a_class_name_stands_once() -> None:
    places = defaultdict(set)
    for path, text in modules().items():
        for found in CLASS.finditer(text):
            places[found["name"]].add(path)
    twice = {name: sorted(where) for name, where in places.items() if len(where) > 1}
    assert twice == {}


@pytest.mark.parametrize("room", rooms())
def test_a_room_has_its_map(room: str) -> None:
    """Its `__init__` says what it is for, and names everything inside."""
    said = ast.get_docstring(ast.parse((HOUSE / room / "__init__.py").read_text(encoding="utf-8"))) or ""
    assert said
    words = {line.split()[0].rstrip("/") for line in said.splitlines() if line.strip()}
    assert {name for name in content(room) if not name.startswith("__")} - words == set()


def test_the_plan_of_the_house_shows_every_room() -> None:
    told = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1].rstrip("/") for line in told.splitlines() if line.startswith("| `")}
    there = {path.name for path in HOUSE.iterdir() if (path / "__init__.py").exists()}
    assert there - rows == set()
    assert {row for row in rows if "." not in row} - there == set()


def programs() -> Iterator[tuple[str, str, str]]:
    """File, module and name of every import of ours in a program that a test or script carries as text."""
    for file in [path for folder in ("tests", "scripts", "benchmarks") for path in (ROOT / folder).rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for line in IMPORT.finditer(node.value):
                    for name in line["names"].split(","):
                        yield file.name, line["module"], name.split(" as ")[0].strip()


def test_programs_in_strings_import_what_is_there() -> None:
    """No type checker reads them, and many run in slow tests only."""
    missing = set()
    for file, module, name in programs():
        try:
            there = hasattr(importlib.import_module(module), name) or importlib.util.find_spec(f"{module}.{name}")
        except ImportError:
            there = None
        if not there:
            missing.add(f"{file}: from {module} import {name}")
    assert missing == set()


def test_imports_inside_functions_become_fewer() -> None:
    found = set()
    for path, tree in trees(having=INDENTED_IMPORT):
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                found |= {(path, n.lineno) for n in ast.walk(function) if isinstance(n, ast.Import | ast.ImportFrom)}
    assert len(found) <= MOST_IMPORTS_IN_FUNCTIONS


def test_the_contracts_leave_no_room_out() -> None:
    """`make check` proves the contracts; this, that they speak of the whole house, at every depth."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    contracts = {contract["name"]: contract for contract in told}
    assert contracts["one direction"]["exhaustive"] is True
    circles = contracts["no circle among siblings"]
    assert (circles["type"], circles["ancestors"]) == ("acyclic_siblings", ["modelscan"])
    assert max(path.count("/") for path in paths()) < circles.get("depth", 10)  # import-linter's own default
