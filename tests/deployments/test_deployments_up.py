"""`up` on one GPU that several models share: planned together, never overbooked, and a way out where not all fit."""

from __future__ import annotations

import json
import os
import shutil
import struct
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot
from test_deployments_traffic import USABLE_BYTES, drive, machine_with_a_gpu  # noqa: F401  a fixture
from tests.cli.conftest import Ran
from tests.cli.driver import driving

from modelscan.settings.reading import Settings
from modelscan.storage.shipped import shipped

PARAMETERS = 8_030_261_248
CONFIG = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096,
    "intermediate_size": 14336, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128,
    "vocab_size": 128256, "max_position_embeddings": 131072, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
}  # fmt: skip


@pytest.fixture
def eight_billion(machine_with_a_gpu: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:  # noqa: F811
    """Weights as large as those of Llama-3.1-8B, of which only the header is written; the rest is a hole."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MODELS", raising=False)
    folder = tmp_path / "8b"
    shutil.copytree(shipped("demo"), folder)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    size = PARAMETERS * 2
    header = json.dumps({"w": {"dtype": "BF16", "shape": [PARAMETERS], "data_offsets": [0, size]}}).encode()
    with (folder / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        file.truncate(8 + len(header) + size)
    return machine_with_a_gpu


def declare(deployments: dict[str, Any]) -> None:
    Path("modelscan.yaml").write_text(json.dumps({"deployments": deployments}))


@pytest.mark.slow
def test_all_fit_where_one_after_the_other_would_not(eight_billion: Settings, tmp_path: Path) -> None:
    entry = {"model": "./8b"}
    with driving(os.environ) as run:

        def modelscan(*arguments: str) -> Ran:
            return run(arguments, os.environ)

        declare({"one": entry})
        assert modelscan("up").status == 0
        assert modelscan("deploy", "./8b", "--name", "two", "--dry-run").status == 4  # beside it there is no room
        declare({"one": entry, "two": entry, "three": entry})
        ran = modelscan("up", "--json")
        assert ran.status == 0, ran.stderr
        first, *others = ran.json["actions"]
        assert (first["action"], first["cause"]) == ("replace", "it makes room for `three`, `two`")
        assert [line.partition(":")[0] for line in first["difference"]] == ["memory", "context_length"]
        assert {action["action"] for action in others} == {"create"}
        assert {action["status"] for action in ran.json["actions"]} == {"ready"}
        assert sum(action["memory_bytes"] for action in ran.json["actions"]) <= USABLE_BYTES
        assert all(action["max_model_len"] >= 32768 for action in ran.json["actions"])
        assert modelscan("up", "--json").json["changed"] is False
        assert modelscan("down").status == 0
        restarted = modelscan("up", "--json")
        assert {action["action"] for action in restarted.json["actions"]} == {"start"}
        assert restarted.status == 0
    drive(eight_billion, tmp_path, users=0, operations=0, seed=0)


@pytest.mark.slow
def test_where_not_all_fit_the_smallest_change_is_named_and_nothing_starts(eight_billion: Settings) -> None:
    half = {"model": "./8b", "gpu_memory_utilization": 0.42}
    entries = {"one": half, "two": half, "long": {"model": "./8b", "context_length": "128k", "max_concurrency": 8}}
    declare(entries)
    with driving(os.environ) as run:
        ran, under_json = run(("up",), os.environ), run(("up", "--json"), os.environ)
    assert (ran.status, ran.stdout, ran.stderr) == (
        4,
        snapshot("""\
NAME  ACTION  MODEL  ON  MEMORY  CONTEXT  WHY
one   create  8b     -        -        -  it is new
two   create  8b     -        -        -  it is new
long  create  8b     -        -        -  it is new

"""),
        snapshot("""\
error: these 3 deployments do not fit this machine together
  `one` needs at least 33.18 GiB of a GPU
  `two` needs at least 33.18 GiB of a GPU
  `long` needs at least 18.96 GiB of a GPU
  free: GPU 0 79.00 GiB
hint: shrink `long`: context_length: 16384
hint: let `long` start on demand, so that not all run at once: on_demand: true
"""),
    )
    assert under_json.status == 4
    assert [action["action"] for action in under_json.json["actions"]] == ["create"] * 3
    assert under_json.error["details"]["changes"][0]["names"] == ["long"]
    entries["long"]["on_demand"] = True
    declare(entries)
    with driving(os.environ) as run:
        done = run(("up", "--json"), os.environ)
        assert run(("list", "--json"), os.environ).json[-1]["name"] == "long"
        assert run(("stop", "--all"), os.environ).status == 0
    assert (done.status, [action["status"] for action in done.json["actions"]]) == (0, ["ready", "ready", "stopped"])
