"""Start-up is a feature: what the quick commands import is counted, not timed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.usefixtures("home")
HEAVY = {
    "asyncio", "fastapi", "httpx", "huggingface_hub", "jinja2", "pydantic", "pynvml", "requests", "ssl", "starlette",
    "urllib.request", "uvicorn", "yaml",
}  # fmt: skip
PROBE = """
import json, sys
from modelscan.cli import main
status = main(sys.argv[1:])
sys.stdout.flush()
print(json.dumps([status, sorted(sys.modules)]), file=sys.stderr)
"""


def imported(*arguments: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", PROBE, *arguments], capture_output=True, text=True, check=True)
    status, modules = json.loads(done.stderr.splitlines()[-1])
    assert status == 0
    return set(modules)


@pytest.mark.parametrize("arguments", [("--help",), ("catalog", "search", "qwen3"), ("list",), ("list", "--json")])
def test_quick_commands_import_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert imported(*arguments) & HEAVY == set()


def test_a_plan_loads_what_it_needs_and_no_more() -> None:
    loaded = imported("plan", "qwen3-8b", "--hardware", "rtx-4090")
    assert loaded & {*HEAVY, "concurrent.futures", "hashlib", "logging", "msgspec"} == set()


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("catalog", "--help"), ("weights", "-h")])
def test_help_is_made_of_the_table_alone(arguments: tuple[str, ...]) -> None:
    loaded = {name for name in imported(*arguments) if name.startswith("modelscan.")}
    rooms = {name.split(".")[1] for name in loaded}
    assert rooms == {"cli", "dataclasses", "errors", "settings", "storage"}
    assert {name for name in loaded if name.startswith(("modelscan.settings.", "modelscan.storage."))} == {
        "modelscan.settings.environment",
        "modelscan.storage.documents",
    }
    assert not any(name.startswith("modelscan.cli.commands") for name in loaded)


def test_a_command_imports_its_own_module_and_no_other() -> None:
    loaded = {name for name in imported("list") if name.startswith("modelscan.cli.commands.")}
    assert loaded == {"modelscan.cli.commands.manage", "modelscan.cli.commands.manage.listing"}
    assert "tomlkit" not in imported("config", "show")
    assert "tomlkit" in imported("config", "unset", "offline")


def test_deploying_needs_no_client_for_hubs_until_it_asks_one() -> None:
    code = "import sys, modelscan.running.deploy; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & {"httpx", "huggingface_hub", "pydantic"} == set()
