"""What is exported is what was seeded: read by a shell, by docker compose itself, and as YAML."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan

from modelscan.exports.seeds import SeedFormat, seeds_text
from modelscan.parsing.text import is_harmless
from modelscan.registry.documents import document_of
from modelscan.registry.seeds import read_seeds

COMPOSE = Path(sys.executable).with_name("docker-compose")
PREFIX = "MODELSCAN_SEED_MODEL_"

words = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp")), min_size=1, max_size=40
)
lines = words.map(str.strip).filter(lambda text: text and is_harmless(text))
documents = st.fixed_dictionaries(
    {
        "name": lines,
        "type": st.sampled_from(["chat", "embed", "vision"]),
        "runtime": st.sampled_from(["vllm", "ollama"]),
    },
    optional={
        "memory": st.integers(1, 2**45),
        "context_length": st.integers(1, 10**6),
        "description": lines,
        "enabled": st.booleans(),
        "prewarm": st.booleans(),
        "runtime_args": st.lists(lines.filter(lambda text: "{{" not in text), max_size=4),
        "defaults": st.fixed_dictionaries(
            {}, optional={"temperature": st.floats(0, 2), "max_tokens": st.integers(1, 99)}
        ),
        "pooling": st.sampled_from(["mean", "last"]),
        "hf_repo_id": st.just("Lab/Repo"),
        "own key": lines | st.lists(st.integers()),
    },
)
models = st.dictionaries(
    st.from_regex(r"[A-Za-z][\w.:-]{0,9}(/\w{1,9})?", fullmatch=True).filter(
        lambda name: ".." not in name and name.isascii()
    ),
    documents,
    max_size=5,
)


def variables_of(found: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    by_id = {name.casefold(): (name, document) for name, document in found.items()}  # one model in any spelling
    return {f"{PREFIX}{at}": json.dumps({"id": name, **more}) for at, (name, more) in enumerate(by_id.values())}


def stated(variables: Mapping[str, str]) -> dict[str, Any]:
    seeds = read_seeds(variables)
    assert (seeds.skipped, seeds.failed) == ((), ())
    return {seed.entry.id: dict(seed.entry.stated) for seed in seeds.loaded}


def exported(before: Mapping[str, Any], form: SeedFormat) -> str:
    return seeds_text([document_of(name, entry) for name, entry in before.items()], form, PREFIX)


def interpolated(text: str) -> str:
    """As compose does with a value: a variable in place of its name, `$` in place of `$$`."""
    return re.sub(r"\$(\$|\{?\w+\}?)", lambda found: "$" if found[1] == "$" else "", text)


@given(models)
def test_seeded_again_it_is_the_same(found: dict[str, dict[str, Any]]) -> None:
    before = stated(variables_of(found))
    assert stated(yaml.safe_load(exported(before, "configmap"))["data"]) == before
    compose = yaml.safe_load(exported(before, "compose"))["services"]
    environment = compose["modelscan"]["environment"] if compose else {}
    assert stated({name: interpolated(text) for name, text in environment.items()}) == before
    env = dict(line.split("=", 1) for line in exported(before, "env").splitlines())
    assert stated({name: text[1:-1] for name, text in env.items()}) == before


@settings(max_examples=10)
@given(models)
@pytest.mark.slow
def test_a_shell_and_compose_read_the_same(found: dict[str, dict[str, Any]]) -> None:
    before = stated(variables_of(found))
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "base.yaml"
        base.write_text("name: seeds\nservices: {modelscan: {image: any, env_file: [seeds.env]}}\n")
        (Path(folder) / "seeds.env").write_text(exported(before, "env"))
        (Path(folder) / "seeds.yaml").write_text(exported(before, "compose"))
        assert stated(configured(folder, "base.yaml")) == before
        (Path(folder) / "seeds.env").write_text("")
        assert stated(configured(folder, "base.yaml", "seeds.yaml")) == before
        (Path(folder) / "seeds.env").write_text(exported(before, "env"))
        script = f"set -a; . {folder}/seeds.env; exec {sys.executable} -c 'import json, os; print(json.dumps({{**os.environ}}))'"
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env={})
        shell = {name: text for name, text in json.loads(done.stdout).items() if name.startswith(PREFIX)}
        assert stated(shell) == before


def configured(folder: str, *files: str) -> dict[str, str]:
    """The environment of the service, as the real `docker-compose config` has it; it writes `$` as `$$`."""
    options = [word for file in files for word in ("-f", file)]
    done = subprocess.run(
        [COMPOSE, *options, "config", "--format", "json"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    environment = json.loads(done.stdout)["services"]["modelscan"].get("environment") or {}
    return {name: text.replace("$$", "$") for name, text in environment.items()}


LIST = """\
services:
  modelscan:
    image: any
    environment:
      - 'MODELSCAN_SEED_MODEL_EYES={"id": "Qwen/Qwen3-VL-8B-Instruct", "name": "Our eyes", "type": "chat", "runtime": "vllm", "runtime_args": ["--limit-mm-per-prompt", "{\\"image\\":4}", "--gpu-memory-utilization", "{{.DynamicMemoryUtilizationRatio}}"]}'
      - MODELSCAN_SEED_MODEL_LLAMA={"id":"llama3.1:8b","name":"Llama","type":"chat","runtime":"ollama","memory":"8GB"}
"""
MAP = """\
data:
  MODELSCAN_SEED_MODEL_EYES: |
    {
      "id": "Qwen/Qwen3-VL-8B-Instruct", "name": "Our eyes", "type": "chat", "runtime": "vllm",
      "runtime_args": [
        "--limit-mm-per-prompt", "{\\"image\\":4}",
        "--gpu-memory-utilization", "{{.DynamicMemoryUtilizationRatio}}"
      ]
    }
  MODELSCAN_SEED_MODEL_LLAMA: '{"id":"llama3.1:8b","name":"Llama","type":"chat","runtime":"ollama","memory":"8GB"}'
"""


def test_seeds_as_teams_write_them(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(LIST)
    listed = stated(configured(str(tmp_path), "compose.yaml"))
    assert listed == stated(yaml.safe_load(MAP)["data"])
    assert listed["Qwen/Qwen3-VL-8B-Instruct"]["runtime_args"][1] == '{"image":4}'
    assert listed["llama3.1:8b"]["memory_bytes"] == 8 * 10**9


def test_what_it_looks_like(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch) -> None:
    seed = {"id": "lab/it", "name": "It's $5", "type": "chat", "runtime": "vllm", "memory": "8GB"}
    monkeypatch.setenv("MODELSCAN_SEED_MODEL_X", json.dumps(seed))
    modelscan("model", "seed")
    modelscan("model", "edit", "baai/bge-m3", "--set", "context_length=512")
    assert modelscan("model", "export").stdout == snapshot(
        'MODELSCAN_SEED_MODEL_LAB_IT=\'{"id": "lab/it", "name": "It\\u0027s $5", "type": "chat", "runtime": "vllm", "memory": "8GB"}\'\n'
    )
    assert modelscan("model", "export", "--format", "compose").stdout == snapshot("""\
services:
  modelscan:
    environment:
      MODELSCAN_SEED_MODEL_LAB_IT: '{"id": "lab/it", "name": "It\\u0027s $$5", "type": "chat", "runtime": "vllm", "memory": "8GB"}'
""")
    assert modelscan("model", "export", "lab/it", "--format", "configmap").stdout == snapshot("""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: modelscan-seeds
data:
  MODELSCAN_SEED_MODEL_LAB_IT: '{"id": "lab/it", "name": "It\\u0027s $5", "type": "chat", "runtime": "vllm", "memory": "8GB"}'
""")
    assert modelscan("model", "export", "lab/it", "--json").json == snapshot(
        [{"id": "lab/it", "name": "It's $5", "type": "chat", "runtime": "vllm", "memory": "8GB"}]
    )
    assert modelscan("model", "export").stderr == snapshot(
        "warning: `baai/bge-m3` is left out: a seed needs its runtime\n"
    )
