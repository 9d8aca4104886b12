"""`modelscan model …` as people and scripts use it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan

from modelscan.cli.options.complete import complete_registered
from modelscan.dataclasses import replace
from modelscan.registry.registered import registered_models
from modelscan.settings.reading import load_settings


@pytest.fixture
def local(home: Path) -> Any:
    """Writes `models.local.yaml`."""

    def write(text: str) -> Path:
        path = home / "config" / "models.local.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


def test_a_model_of_ones_own(modelscan: Modelscan) -> None:
    added = modelscan(
        *("model", "add", "MyLab/MyChat", "--type", "chat", "--memory", "8GB", "--set", "hf_repo_id=MyLab/MyChat-7B"),
        *("--set", "defaults.temperature=0.2", "--set", 'runtime_args=["--seed","1"]', "--json"),
    )
    assert (added.status, {key: value for key, value in added.json.items() if not key.endswith("_at")}) == (
        0,
        snapshot(
            {
                "id": "MyLab/MyChat",
                "name": "MyLab/MyChat",
                "type": "chat",
                "runtime": None,
                "memory_bytes": 8589934592,
                "context_length": None,
                "description": None,
                "enabled": True,
                "auto_pull": False,
                "prewarm": False,
                "runtime_args": ["--seed", "1"],
                "defaults": {"temperature": 0.2, "top_p": None, "max_tokens": None},
                "pooling": None,
                "handler": None,
                "supports_structured_outputs": None,
                "upstream": None,
                "source": "huggingface",
                "repos": {"huggingface": "MyLab/MyChat-7B"},
                "skip_download": False,
                "origin": "user",
                "system": False,
                "user_modified": True,
                "built_in": False,
                "max_parallelism": None,
                "thread_safe": None,
                "owned_by": None,
                "pricing": None,
                "extra": {},
            }
        ),
    )
    assert modelscan(
        "model", "edit", "mylab/mychat", "--set", "context_length=4096", "--set", "defaults.top_p=0.9"
    ).stdout == snapshot("MyLab/MyChat  changed\n")
    found = modelscan("model", "inspect", "MYLAB/mychat", "--json").json
    assert (found["context_length"], found["defaults"]) == snapshot(
        (4096, {"temperature": 0.2, "top_p": 0.9, "max_tokens": None})
    )
    assert modelscan("model", "edit", "mylab/mychat", "--set", "defaults.top_p=", "--json").json[
        "defaults"
    ] == snapshot({"temperature": 0.2, "top_p": None, "max_tokens": None})
    assert modelscan("model", "disable", "mylab/mychat").stdout == snapshot("MyLab/MyChat  disabled\n")
    assert modelscan("model", "list").stdout == snapshot("""\
ID            TYPE  RUNTIME    MEMORY  CONTEXT  ORIGIN  ENABLED
MyLab/MyChat  chat  -        8.00 GiB    4,096  user    no
""")
    assert modelscan("model", "remove", "mylab/mychat", "nosuch").stdout == snapshot("MyLab/MyChat  removed\n")
    assert modelscan("model", "list", "--json").json == []


def test_what_is_refused(modelscan: Modelscan, tmp_path: Path) -> None:
    modelscan("model", "add", "lab/one")
    (tmp_path / "bad.toml").write_text("id = [")
    (tmp_path / "list.json").write_text("[]")
    refused = {
        " ".join(words).replace(str(tmp_path), "TMP"): (ran.status, ran.stderr.replace(str(tmp_path), "TMP"))
        for words in (
            ("add", "lab/one"),
            ("add", "../up"),
            ("add",),
            ("add", "--file", str(tmp_path / "bad.toml")),
            ("add", "--file", str(tmp_path / "list.json")),
            ("add", "--file", str(tmp_path / "none")),
            ("edit", "lab/one", "--set", "contxt_length=3"),
            ("edit", "lab/one", "--set", "defaults.context_length=3"),
            ("edit", "lab/one", "--set", 'upstream={"url": "https://x"}'),
            ("edit", "lab/one", "--set", "context_length=-1"),
            ("edit", "lab/one", "--set", "novalue"),
            ("edit", "lab/two", "--set", "name=x"),
            ("edit", "lab/one"),
            ("remove", "google/embeddinggemma-300m"),
            ("inspect", "lab/on"),
        )
        for ran in [modelscan("model", *words)]
    }
    assert refused == snapshot(
        {
            "add lab/one": (
                8,
                """\
error: `lab/one` is already registered
hint: modelscan model edit lab/one
hint: modelscan model remove lab/one
""",
            ),
            "add ../up": (
                2,
                """\
error: `../up` cannot be registered so
  `id` must be a name such as `owner/name` or `name:tag`: letters, digits, `. _ - + : @` and `/`
hint: modelscan model edit --help
""",
            ),
            "add": (
                2,
                """\
error: no id was given
hint: modelscan model add owner/name
hint: modelscan model add --file model.toml
""",
            ),
            "add --file TMP/bad.toml": (
                2,
                """\
error: `TMP/bad.toml` is neither TOML, JSON nor YAML with one entry
  Invalid value (at end of document)
""",
            ),
            "add --file TMP/list.json": (2, "error: `TMP/list.json` does not hold one entry: keys and their values\n"),
            "add --file TMP/none": (
                2,
                """\
error: `TMP/none` cannot be read
  No such file or directory
""",
            ),
            "edit lab/one --set contxt_length=3": (
                2,
                """\
error: `contxt_length` is not a key of an entry
hint: did you mean `context_length`?
""",
            ),
            "edit lab/one --set defaults.context_length=3": (
                2,
                """\
error: `defaults.context_length` is not a key of an entry
hint: did you mean `context_length`?
""",
            ),
            'edit lab/one --set upstream={"url": "https://x"}': (
                2,
                """\
error: `upstream.url` is not a key of an entry
hint: did you mean `upstream.base_url`?
""",
            ),
            "edit lab/one --set context_length=-1": (
                2,
                """\
error: `lab/one` cannot be registered so
  `context_length` must be a whole number of tokens, 1 to 20000000
hint: modelscan model edit --help
""",
            ),
            "edit lab/one --set novalue": (
                2,
                """\
error: `novalue` says no value
hint: --set context_length=16384
hint: --set enabled=false
""",
            ),
            "edit lab/two --set name=x": (
                3,
                """\
error: no model is registered as `lab/two`
hint: did you mean `lab/one`?
hint: to register it: modelscan model add lab/two
""",
            ),
            "edit lab/one": (
                2,
                """\
error: there is no terminal for an editor
hint: modelscan model edit lab/one --set context_length=16384
""",
            ),
            "remove google/embeddinggemma-300m": (
                8,
                """\
error: `google/embeddinggemma-300m` is from our own list, and is not removed here
hint: modelscan model disable google/embeddinggemma-300m
""",
            ),
            "inspect lab/on": (
                3,
                """\
error: no model is registered as `lab/on`
hint: did you mean `lab/one`?
hint: to register it: modelscan model add lab/on
""",
            ),
        }
    )


def test_an_editor(modelscan: Modelscan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modelscan("model", "add", "lab/one", "--context-length", "1k", "--set", "description=old")
    editor = tmp_path / "editor"
    monkeypatch.setenv("EDITOR", str(editor))
    editor.write_text("#!/bin/sh\ncp $1 $0.seen\nsed -i -e s/1024/2048/ -e /description/d $1\n")
    editor.chmod(0o700)
    assert modelscan("model", "edit", "lab/one").stdout == "lab/one  changed\n"
    assert (tmp_path / "editor.seen").read_text() == snapshot("""\
# What is registered of this model. What you change is yours: no seeding and no file changes it any more.
# A key that you remove is what a file or a seed says again.
id = "lab/one"
name = "lab/one"
context_length = 1024
description = "old"
""")
    found = modelscan("model", "inspect", "lab/one", "--json").json
    assert (found["context_length"], found["description"], found["user_modified"]) == (2048, None, True)
    editor.write_text("#!/bin/sh\n")
    assert modelscan("model", "edit", "lab/one").stdout == "lab/one  unchanged\n"
    for script, said in (("exit 3", "ended with status 3"), ("echo = > $1", "that is not TOML")):
        editor.write_text(f"#!/bin/sh\n{script}\n")
        ran = modelscan("model", "edit", "lab/one")
        assert (ran.status > 0, said in ran.stderr) == (True, True), ran.stderr
    assert modelscan("model", "inspect", "lab/one", "--json").json["context_length"] == 2048


def test_a_file_goes_over_a_seed_and_under_the_user(modelscan: Modelscan, local: Any, monkeypatch: Any) -> None:
    seed = {
        "id": "lab/one",
        "name": "One",
        "type": "chat",
        "runtime": "vllm",
        "description": "seed",
        "context_length": 1,
    }
    monkeypatch.setenv("MODELSCAN_SEED_MODEL_1", json.dumps(seed))
    path = local(
        "models:\n  - {name: Lab/One, context_length: 2, description: file}\n  - {hf_repo_id: BAAI/bge-m3, pooling: last}\n"
    )
    modelscan("model", "seed")
    modelscan("model", "edit", "lab/one", "--set", "description=user")
    shown = modelscan("model", "inspect", "lab/one").stdout.replace(str(path), "FILE")
    assert "\n".join(line for line in shown.splitlines() if "_at" not in line) == snapshot("""\
id              lab/one
name            One
type            chat
runtime         vllm
context_length  2
description     user
enabled         yes
auto_pull       no
prewarm         no
skip_download   no
origin          file
system          yes
user_modified   yes
built_in        no
owned_by        vllm
said by         you, your file (FILE), a seed\
""")
    assert modelscan("model", "list").stdout == snapshot("""\
ID           TYPE   RUNTIME  MEMORY  CONTEXT  ORIGIN          ENABLED
BAAI/bge-m3  embed  -             -        -  file            yes
lab/one      chat   vllm          -        2  file, modified  yes
""")
    assert modelscan("model", "inspect", "baai/bge-m3", "--json").json["pooling"] == "last_token"
    gone = modelscan("model", "remove", "lab/one", "--json").json[0]
    assert (gone["returns"], modelscan("model", "inspect", "lab/one", "--json").json["description"]) == ("seed", "file")


def test_the_file_beside_a_file_of_deployments_counts_before_the_users(local: Any, home: Path, tmp_path: Path) -> None:
    local("models: [{name: lab/one, context_length: 1}, {name: lab/two}]")
    beside = tmp_path / "project"
    beside.mkdir()
    (beside / "models.local.yml").write_text("models: [{name: lab/one, context_length: 2, local_path: weights}]")
    settings = replace(load_settings({"MODELSCAN_HOME": str(home), "HOME": str(home)}), beside=beside)
    found = {item.id: item for item in registered_models(settings).models()}
    assert (found["lab/one"].context_length, found["lab/one"].repos["local_path"]) == (2, str(beside / "weights"))
    assert set(found) == {"lab/one", "lab/two"}


def test_entries_that_cannot_be_used_are_said(modelscan: Modelscan, local: Any) -> None:
    path = local(
        "models:\n  - {name: lab/one, enabled: perhaps}\n  - {name: lab/two, defaults: {temperature: 9}}\n  - {name: lab/three}\n"
    )
    ran = modelscan("model", "list")
    assert (ran.stdout, ran.stderr.replace(str(path), "FILE")) == snapshot(
        (
            """\
ID         TYPE  RUNTIME  MEMORY  CONTEXT  ORIGIN  ENABLED
lab/three  -     -             -        -  file    yes
""",
            """\
warning: `FILE`: entry 1: `enabled` must be true or false
warning: `FILE`: entry 2: `defaults.temperature` must be a number from 0 to 2
""",
        )
    )


def test_handlers_and_upstreams(modelscan: Modelscan, local: Any) -> None:
    classes = {
        "HFEmbeddingModel": "lab/embed", "TextChatModel": "lab/text", "QwenVLChat": "lab/eyes", "WhisperASR": "lab/ears",
        "RerankModel": "lab/rerank", "MyOwn": "lab/own", "OpenAIChatProxyModel": "gpt-4o",
    }  # fmt: skip
    entries = [f"  - {{name: {name}, handler: app.models.any.{handler}}}" for handler, name in classes.items()]
    entries.append("  - {name: far, upstream_base_url: 'https://host/v1/', upstream_api_key_env: FAR_KEY}")
    local("models:\n" + "\n".join(entries) + "\n")
    found = {
        item["id"]: (item["type"], item["runtime"], item["owned_by"])
        for item in modelscan("model", "list", "--json").json
    }
    assert found == snapshot(
        {
            "far": (None, "upstream", "openai"),
            "gpt-4o": ("chat", "upstream", "openai"),
            "lab/ears": ("speech", None, None),
            "lab/embed": ("embed", None, None),
            "lab/eyes": ("vision", None, None),
            "lab/own": (None, "transformers", "local"),
            "lab/rerank": ("rerank", None, None),
            "lab/text": ("chat", None, None),
        }
    )
    assert [modelscan("model", "inspect", name, "--json").json["upstream"] for name in ("gpt-4o", "far")] == snapshot(
        [
            {"base_url": "https://api.openai.com/v1", "api_key_env": "OPENAI_API_KEY", "model": "gpt-4o"},
            {"base_url": "https://host/v1", "api_key_env": "FAR_KEY", "model": "far"},
        ]
    )
    said = {
        name: (ran.status, ran.stderr.partition("\n  looked in")[0])
        for name in ("gpt-4o", "lab/own")
        for ran in [modelscan("deploy", name)]
    }
    assert said == snapshot(
        {
            "gpt-4o": (
                8,
                """\
error: `gpt-4o` runs at an upstream: there is nothing to deploy
  it is an address that somebody else serves, which the gateway hands requests on to
hint: modelscan gateway start
hint: modelscan model inspect gpt-4o
""",
            ),
            "lab/own": (
                6,
                "error: `lab/own` is not in the cache, and network access is off",
            ),
        }
    )


def test_what_comes_with_the_program(modelscan: Modelscan) -> None:
    found = {item["id"]: item for item in modelscan("model", "list", "--all", "--json").json}
    assert {item["built_in"] for item in found.values()} == {True}
    assert {key: value["pooling"] for key, value in found.items() if value["type"] == "embed"} == snapshot(
        {
            "baai/bge-m3": "cls",
            "google/embeddinggemma-300m": "mean",
            "qwen/qwen3-embedding-0.6b": "last_token",
            "qwen/qwen3-embedding-4b": "last_token",
        }
    )
    assert modelscan("model", "list", "--all").stdout == snapshot("""\
ID                                 TYPE    RUNTIME  MEMORY  CONTEXT  ORIGIN    ENABLED
baai/bge-m3                        embed   -             -        -  built-in  yes
belle-2/belle-whisper-large-v3-zh  speech  -             -        -  built-in  yes
deepseek/deepseek-coder            chat    -             -        -  built-in  yes
google/embeddinggemma-300m         embed   -             -        -  built-in  yes
ivydata/whisper-small-japanese     speech  -             -        -  built-in  yes
jethrowang/whisper-tiny-chinese    speech  -             -        -  built-in  yes
meta-llama/llama-3.2-1b-instruct   chat    -             -        -  built-in  yes
meta-llama/llama-3.2-3b-instruct   chat    -             -        -  built-in  yes
modelscan/demo                     chat    -             -        -  built-in  yes
openai/whisper-large-v2            speech  -             -        -  built-in  yes
openai/whisper-medium              speech  -             -        -  built-in  yes
openai/whisper-medium.en           speech  -             -        -  built-in  yes
openai/whisper-small               speech  -             -        -  built-in  yes
openai/whisper-small.en            speech  -             -        -  built-in  yes
openai/whisper-tiny                speech  -             -        -  built-in  yes
openai/whisper-tiny.en             speech  -             -        -  built-in  yes
qwen/qwen3-4b-instruct-2507        chat    -             -        -  built-in  yes
Qwen/Qwen3-4B-Instruct-2507-FP8    chat    -             -        -  built-in  yes
qwen/qwen3-embedding-0.6b          embed   -             -        -  built-in  yes
qwen/qwen3-embedding-4b            embed   -             -        -  built-in  yes
qwen/qwen3-vl-2b-instruct          vision  -             -        -  built-in  yes
Qwen/Qwen3-VL-2B-Instruct-FP8      vision  -             -        -  built-in  yes
qwen/qwen3-vl-4b-instruct          vision  -             -        -  built-in  yes
Qwen/Qwen3-VL-4B-Instruct-FP8      vision  -             -        -  built-in  yes
""")


def test_ids_complete(modelscan: Modelscan, local: Any) -> None:
    modelscan("model", "add", "BAAI/mine")
    local("models: [{name: baai/theirs, hf_repo_id: lab/theirs}]")
    assert list(complete_registered("baai/")) == ["baai/bge-m3", "baai/mine", "baai/theirs"]
