"""A first run in an empty home with the network unplugged: the same models as ever, and nothing even tries to connect."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.catalog.test_catalog_name_table import NAMES

from modelscan.catalog.index.open import open_index
from modelscan.catalog.naming.identity import resolve
from modelscan.settings.reading import load_settings

# Every way to the network that Python tells an audit hook of, from any library.
RUN = """
import contextlib, io, json, sys
tried = []
def watch(event, arguments):
    if event in {"socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "urllib.Request", "http.client.connect"}:
        tried.append(event)
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        tried.append(f"{event} {arguments[1]}")
sys.addaudithook(watch)
from modelscan.cli import main
ran = []
for command in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        status = main(command)
    ran.append([status, out.getvalue(), err.getvalue()])
print(json.dumps([tried, ran]))
"""
UNPLUGGED = ("unshare", "--map-root-user", "--net")


@pytest.fixture(scope="module")
def unplugged() -> tuple[str, ...]:
    """What starts a program without a network; nothing where this machine has no namespaces: the hook watches anyway."""
    tried = subprocess.run([*UNPLUGGED, "true"], capture_output=True, check=False)
    return UNPLUGGED if tried.returncode == 0 else ()


def run(commands: list[list[str]], home: Path, unplugged: tuple[str, ...]) -> list[tuple[int, str, str]]:
    environ = {"HOME": str(home), "MODELSCAN_HOME": str(home / "modelscan"), "PATH": "/usr/bin:/bin"}
    ran = subprocess.run(
        [*unplugged, sys.executable, "-c", RUN],
        input=json.dumps(commands), env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    tried, results = json.loads(ran.stdout)
    assert tried == []
    return [tuple(result) for result in results]


def test_the_same_models_are_found(tmp_path: Path, unplugged: tuple[str, ...]) -> None:
    with NAMES.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if "/" in row["means"]][::12]
    wanted = [row["name"] for row in rows]
    index = open_index(load_settings({"MODELSCAN_HOME": str(tmp_path / "none")}))
    known = {}
    for name in wanted:
        model = resolve(name, index).model
        known[name] = model.id if model and model.weights else None
    names = [name for name, model_id in known.items() if model_id]
    assert len(names) > 50
    found = run([["catalog", "info", name, "--json"] for name in names], tmp_path / "empty", unplugged)
    assert {status for status, _, _ in found} == {0}
    for name, (_, stdout, _) in zip(names, found, strict=True):
        document = json.loads(stdout)
        assert (document["id"], bool(document["weights"])) == (known[name], True)


def test_every_command_of_the_catalog_works(tmp_path: Path, unplugged: tuple[str, ...]) -> None:
    commands = {
        "search": ["catalog", "search", "qwen3 coder 30b", "--json"],
        "fits": ["catalog", "search", "embedding", "--fits", "--limit", "3", "--json"],
        "list": ["catalog", "list", "--task", "rerank", "--json"],
        "sources": ["catalog", "sources", "--json"],
        "diff": ["catalog", "diff", "--json"],
        "plan": ["plan", "qwen3-8b", "--hardware", "1xL4", "--json"],
        "command": ["plan", "qwen/qwen3-8b", "--hardware", "1xL4", "--format", "command"],
        "asked": ["plan", "whisper", "--json"],
        "closed": ["plan", "gpt-4o", "--json"],
    }
    ran = dict(zip(commands, run([*commands.values()], tmp_path / "empty", unplugged), strict=True))
    assert {name: status for name, (status, _, _) in ran.items()} == {
        **dict.fromkeys(commands, 0), "asked": 3, "closed": 5,
    }  # fmt: skip
    assert json.loads(ran["search"][1])[0]["id"] == "alibaba/qwen3-coder-30b-a3b-instruct"
    assert {source["name"] for source in json.loads(ran["sources"][1])} >= {"models.dev", "gpustack", "vllm-recipes"}
    assert json.loads(ran["plan"][1])["chosen"]["repo_id"].startswith("Qwen/Qwen3-8B")
    assert "vllm serve Qwen/Qwen3-8B" in ran["command"][1]
