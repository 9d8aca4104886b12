"""The command table is the program: what it lists is there, and nothing else is."""

from __future__ import annotations

import ast
import pkgutil
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Modelscan

from modelscan.cli import commands
from modelscan.cli.table import COMMANDS
from modelscan.dataclasses import fields
from modelscan.model import PlanRequest
from modelscan.selecting.requests import DeployRequest

CALLED = [path for path, command in COMMANDS.items() if command.function]
CLI = Path(str(commands.__file__)).parents[1]
# Of one call, and no options: what the caller does with it.
NOT_SAID = {"--plan", "--wait", "--accept", "--share", "--anew", "--started-by"}
SPELT_OTHERWISE = {
    "--model",
    "--gpus",
    "--no-gpu",
    "--gpu-count",
    "--max-memory-bytes",
    "--max-host-memory-bytes",
    "--backend-args",
    "--adapters",
}
ONLY_IN_FILES = {
    "--repo-id",
    "--gpu-filters",
    "--defaults",
    "--pooling",
    "--handling",
    "--found-adapters",
    "--beside",
}  # of deployments, and of registered models


@pytest.mark.parametrize("path", COMMANDS)
def test_each_says_in_its_own_help_what_the_list_says(modelscan: Modelscan, path: str) -> None:
    shown = modelscan(*path.split(), "--help")
    assert shown.status == 0
    assert COMMANDS[path].help in " ".join(shown.stdout.split())


def test_each_module_of_commands_is_called_by_a_line() -> None:
    there = {item.name for item in pkgutil.walk_packages(commands.__path__, f"{commands.__name__}.") if not item.ispkg}
    called = {f"{commands.__name__}.{str(COMMANDS[path].function).partition(':')[0]}" for path in CALLED}
    shared = {f"{commands.__name__}.find.filters"}
    assert there == called | shared


def test_a_group_has_a_line_and_commands_stand_in_groups_that_have_one() -> None:
    groups = {path for path, command in COMMANDS.items() if command.function is None}
    assert groups == {path.rpartition(" ")[0] for path in COMMANDS if " " in path}
    assert {path for path in COMMANDS if " " not in path} == {path for path, line in COMMANDS.items() if line.heading}


def test_only_what_start_up_needs_is_imported_inside_a_function() -> None:
    """Completions, which are called without their command; rich, on a terminal only; the tracebacks of bugs."""
    found = {
        str(path.relative_to(CLI))
        for path in CLI.rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef)
        and any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(function))
    }
    assert found == {
        "conversation.py",  # readline, which a terminal needs and a script may lack
        "main.py",
        "options/complete.py",
        "output/live.py",
        "output/output.py",  # foreign text is cleaned where something is said, which `--help` does not
        "output/printer.py",
        "output/transfer_bar.py",
    }


def options_of(modelscan: Modelscan, command: str) -> set[str]:
    shown = modelscan(command, "--help").stdout
    return {word for line in shown.splitlines() for word in line.split() if word.startswith("--")}


def test_deploy_and_run_take_one_request(modelscan: Modelscan) -> None:
    deploy, run, plan = (options_of(modelscan, name) for name in ("deploy", "run", "plan"))
    assert spelt(DeployRequest) - NOT_SAID - {"--aliases"} | {"--alias"} <= deploy & run
    assert spelt(PlanRequest) - SPELT_OTHERWISE - ONLY_IN_FILES | {
        "--gpu",
        "--gpus",
        "--max-memory",
        "--backend-arg",
        "--adapter",
    } <= (plan & deploy & run)


def spelt(request: type[Any]) -> set[str]:
    return {f"--{field.name.replace('_', '-')}" for field in fields(request)}
