"""LoRA adapters on top of a model: planned, refused, fetched, served under names of their own, and kept by every way to
say a deployment.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot
from tests.adapter_maker import in_gguf, peft, write
from tests.cli.conftest import Modelscan
from tests.hubs.hub_server import COMMIT, HubServer, Repo

_CPU = ("--hardware", "cpu:16gb")


@pytest.fixture
def sql(tmp_path: Path) -> Path:
    return write(tmp_path / "sql", peft())


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with HubServer() as server:
        server.repos["lab/sql-lora"] = Repo(files=peft() | {"README.md": b"", "optimizer.pt": b"?"})
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        yield server


def words_of(argv: list[str], *options: str) -> list[str]:
    return [f"{word} {argv[at + 1]}" for at, word in enumerate(argv) if word in options]


def test_a_plan_counts_them_and_says_so(modelscan: Modelscan, sql: Path, tmp_path: Path) -> None:
    tone = write(tmp_path / "tone", peft(rank=20))
    both = (f"--adapter=sql={sql}", f"--adapter=tone={tone}")
    alone = modelscan("plan", "demo", *_CPU, "--backend", "vllm", "--json").json["chosen"]
    chosen = modelscan("plan", "demo", *_CPU, *both, "--json").json["chosen"]
    added = chosen["memory_per_gpu"]["weights_bytes"] - alone["memory_per_gpu"]["weights_bytes"]
    line = next(item for item in chosen["arithmetic"] if item["what"] == "adapters")
    assert (added, line["how"]) == snapshot((3538944, "room for 2 of rank 32 beside every matrix"))
    assert [reason for reason in chosen["reasons"] if reason.startswith("adapters")] == snapshot(
        ["adapters: sql (rank 8), tone (rank 20) beside the model, 3.38 MiB"]
    )
    assert words_of(chosen["argv"], "--max-loras", "--max-lora-rank") == snapshot(
        ["--max-loras 2", "--max-lora-rank 32"]
    )
    at = chosen["argv"].index("--lora-modules")
    assert chosen["argv"][at + 1 : at + 3] == [f"sql={sql}", f"tone={tone}"]


@pytest.mark.parametrize(
    ("files", "options", "said"),
    [
        (peft(width=128), (), snapshot(["the adapter `sql` is not for `modelscan/demo`", "it is for a model of width 128, and this one has 192"])),
        (peft(layers=6), (), snapshot(["the adapter `sql` is not for `modelscan/demo`", "it changes layer 6, and this model has 4"])),
        (peft(base_model_name_or_path="Qwen/Qwen3-0.6B"), (), snapshot(["the adapter `sql` is not for `modelscan/demo`", "it says that it goes on top of `Qwen/Qwen3-0.6B`"])),
        (peft(use_dora=True), (), snapshot(["`modelscan/demo` does not fit this hardware as asked", "vllm serves plain LoRA only, and `sql` has use_dora"])),
        (peft(rank=600), (), snapshot(["`modelscan/demo` does not fit this hardware as asked", "vllm serves adapters up to rank 512, and `sql` has 600"])),
        (peft(), ("--backend", "llamacpp"), snapshot(["`modelscan/demo` does not fit this hardware as asked", "llamacpp reads adapters in GGUF, and `sql` is PEFT's safetensors"])),
        (peft(), ("--backend", "sglang"), snapshot(["`modelscan/demo` does not fit this hardware as asked", "sglang serves adapters on a GPU only"])),
        (peft(), ("--backend", "transformers"), snapshot(["`modelscan/demo` does not fit this hardware as asked", "transformers serves no adapters"])),
        (peft(), ("--task", "embed"), snapshot(["`modelscan/demo` does not fit this hardware as asked", "vllm serves adapters of models that generate text, not of those for embed"])),
        (peft(peft_type="IA3"), (), snapshot(["`SQL` is not an adapter that can be served", "it is of the kind IA3, and backends load LoRA only"])),
        ({"adapter_config.json": b"{}", "adapter_model.bin": b"?"}, (), snapshot(["`SQL` is not an adapter that can be served", "its matrices are pickled, which can run code when loaded"])),
        (peft() | {"adapter_model.safetensors": b"\xff" * 64}, (), snapshot(["the adapter `SQL` is damaged", "`adapter_model.safetensors`: its header claims 18446744073709551615 bytes, but the file has 64"])),
        (peft() | {"adapter_config.json": b"[]"}, (), snapshot(["the adapter `SQL` is damaged", "`adapter_model.safetensors`: adapter_config.json is not a JSON object"])),
        ({"model.gguf": in_gguf(width=256)}, ("--backend", "llamacpp"), snapshot(["the adapter `sql` is not for `modelscan/demo`", "it is for a model of width 256, and this one has 192"])),
    ],
)  # fmt: skip
def test_what_cannot_be_served_is_refused_with_the_reason(
    modelscan: Modelscan, tmp_path: Path, files: dict[str, bytes], options: tuple[str, ...], said: list[str]
) -> None:
    folder = write(tmp_path / "sql", files)
    ran = modelscan("plan", "demo", *_CPU, *options, "--adapter", f"sql={folder}")
    lines = ran.stderr.replace(str(folder), "SQL").splitlines()
    assert [lines[0].removeprefix("error: "), lines[1].strip()] == said


def test_one_for_another_model_leads_to_that(modelscan: Modelscan, tmp_path: Path) -> None:
    folder = write(tmp_path / "other", peft(base_model_name_or_path="Qwen/Qwen3-0.6B"))
    hints = modelscan("plan", "demo", *_CPU, "--adapter", f"sql={folder}", "--json").error["hints"]
    assert hints == [f"modelscan deploy qwen/qwen3-0.6b --adapter sql={folder}"]


@pytest.mark.parametrize("word", ["sql", "sql=", "=lab/sql", "s q l=lab/sql", "--sql=x"])
def test_what_names_no_adapter_is_wrong_usage(modelscan: Modelscan, word: str) -> None:
    assert modelscan("plan", "demo", f"--adapter={word}").status == 2


def test_two_of_one_name_and_one_called_as_its_model(modelscan: Modelscan, vllm: Path, sql: Path) -> None:
    assert modelscan("plan", "demo", "--adapter=sql=a/b", "--adapter=sql=a/c").status == 2
    ran = modelscan("deploy", "demo", "--backend", "vllm", f"--adapter=demo={sql}")
    assert (ran.status, ran.stderr.splitlines()[-2]) == snapshot(
        (2, "error: the adapter `demo` has the name of its model")
    )


def test_those_in_gguf_go_to_the_backend_that_reads_them(modelscan: Modelscan, tmp_path: Path) -> None:
    (file := tmp_path / "sql.gguf").write_bytes(in_gguf())
    chosen = modelscan("plan", "demo", *_CPU, f"--adapter=sql={file}", "--json").json["chosen"]
    assert chosen["backend"] == "llamacpp"
    assert words_of(chosen["argv"], "--lora") == [f"--lora {file}"]
    assert "--lora-init-without-apply" in chosen["argv"]
    assert "backend: llamacpp, which reads these adapters" in chosen["reasons"]


def test_one_from_a_hub_is_pinned_fetched_and_shown(modelscan: Modelscan, vllm: Path, hub: HubServer) -> None:
    ran = modelscan("deploy", "demo", "--backend", "vllm", "--adapter", "sql=lab/sql-lora", "--json")
    assert ran.status == 0, ran.stderr
    (adapter,) = ran.json["adapters"]
    assert (adapter["name"], adapter["repo_id"], adapter["revision"], adapter["rank"]) == (
        "sql",
        "lab/sql-lora",
        COMMIT,
        8,
    )
    place = next(word for word in ran.json["argv"] if word.startswith("sql=")).removeprefix("sql=")
    assert {path.name for path in Path(place).iterdir()} == {"adapter_config.json", "adapter_model.safetensors"}
    assert "modelscan/demo + sql" in modelscan("list").stdout
    assert f"sql: lab/sql-lora at {COMMIT}, rank 8" in modelscan("status", "demo").stdout
    again = modelscan("deploy", "demo", "--backend", "vllm", "--adapter", "sql=lab/sql-lora", "--json")
    assert again.json["changed"] is False
    other = modelscan("deploy", "demo", "--backend", "vllm", "--json").error
    assert other["details"]["difference"] == snapshot(["adapters.sql: lab/sql-lora before, not given now"])
    used = next(item for item in modelscan("weights", "list", "--json").json if item["repo_id"] == "lab/sql-lora")
    assert used["used_by"] == ["demo"]


def test_nothing_is_fetched_where_that_is_forbidden(
    modelscan: Modelscan, vllm: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setenv("AUTO_DOWNLOAD_MODELS", "0")
    ran = modelscan("deploy", "demo", "--backend", "vllm", "--adapter", "sql=lab/sql-lora", "--json")
    assert (ran.status, ran.error["details"]["missing"]) == (8, ["adapter_config.json", "adapter_model.safetensors"])


def test_every_way_to_say_a_deployment_keeps_them(modelscan: Modelscan, sql: Path, tmp_path: Path) -> None:
    option = f"--adapter=sql={sql}"
    written = modelscan("plan", "demo", "--gpu", "none", option, "--format", "yaml").stdout
    (file := tmp_path / "kept.yaml").write_text(written)
    assert f"  adapters:\n    sql: {sql}\n" in written
    again = modelscan("plan", "--file", str(file), "--json").json["chosen"]
    assert [item["name"] for item in again["adapters"]] == ["sql"]
    line = modelscan("plan", "demo", "--gpu", "none", option, "--format", "command").stdout
    assert f"--lora-modules sql={sql} " in line
    hints = modelscan("plan", "demo", *_CPU, option, "--context-length", "9k", "--json").json["hints"]
    assert all(f"--adapter sql={sql}" in hint for hint in hints if "modelscan plan demo" in hint)


@pytest.mark.slow
def test_a_file_of_deployments_has_them_beside_it(modelscan: Modelscan, sql: Path, vllm: Path) -> None:
    file = sql.parent / "modelscan.yaml"
    file.write_text("deployments:\n  tiny: {model: demo, backend: vllm, adapter: {sql: ./sql}}\n")
    plan: dict[str, Any] = modelscan("up", str(file), "--dry-run", "--json").json
    assert [item["action"] for item in plan["actions"]] == ["create"]
    assert modelscan("up", str(file), "--yes").status == 0
    assert [item["repo_id"] for item in modelscan("status", "tiny", "--json").json["adapters"]] == [str(sql)]
    assert modelscan("up", str(file), "--json").json["changed"] is False
    file.write_text("deployments:\n  tiny: {model: demo, adapter: {'s q': ./sql}}\n")
    assert "`s q=./sql` does not name an adapter" in modelscan("up", str(file)).stderr
