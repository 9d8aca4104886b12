"""Registered models deployed by their names, with a `vllm` that behaves as the real one in front of us."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan
from tests.planning.machines import FACTS, machine

from modelscan.dataclasses import replace
from modelscan.hubs.ledger import Ledger
from modelscan.model import Architecture, PlanRequest, WeightsDescription
from modelscan.planning.decide.planner import decide
from modelscan.registry.layers import Layer, LayeredModel
from modelscan.routing.gateway_files import gateway_files, read_table
from modelscan.selecting.entries.applied import as_registered
from modelscan.selecting.resolved import Resolved
from modelscan.storage.paths import paths_below
from modelscan.units import GIB


def seed(monkeypatch: pytest.MonkeyPatch, modelscan: Modelscan, **more: Any) -> None:
    document = {
        "id": "Our/Eyes",
        "name": "Our eyes",
        "type": "chat",
        "runtime": "vllm",
        "local_path": "shipped:demo",
        **more,
    }
    monkeypatch.setenv("MODELSCAN_SEED_MODEL_1", json.dumps(document))
    monkeypatch.setenv("MODELSCAN_SEED_MODELS_UPDATE_EXISTING", "true")
    assert modelscan("model", "seed").status == 0


def words(argv: list[str]) -> list[str]:
    """What follows the names and the address."""
    return argv[argv.index("--port") + 2 :]


def test_a_seed_is_deployed_by_its_id_and_its_arguments_count(
    vllm: Path, modelscan: Modelscan, monkeypatch: Any
) -> None:
    arguments = [
        *(
            "--trust-remote-code",
            "--max-model-len",
            "512",
            "--gpu-memory-utilization",
            "{{.DynamicMemoryUtilizationRatio}}",
        ),
        *(
            "--port",
            "{{.Port}}",
            "--tensor-parallel-size={{.TensorParallelSize}}",
            "--enforce-eager",
            "--max-num-seqs",
            "2",
        ),
        *(
            "--max-num-batched-tokens",
            "{{.MaxModelLen}}",
            "--limit-mm-per-prompt",
            '{"image":4}',
            "--disable-log-requests",
        ),
    ]
    seed(
        monkeypatch,
        modelscan,
        context_length=512,
        memory="1GiB",
        runtime_args=arguments,
        defaults={"top_p": 0.5, "max_tokens": 9},
    )
    ran = modelscan("deploy", "our/eyes", "--json")
    assert ran.status == 0, ran.stderr
    found = ran.json
    assert (found["name"], found["model"], found["served_model_names"]) == snapshot(
        ("eyes", "our/eyes", ["eyes", "Our/Eyes", "our/eyes"])
    )
    assert (found["max_model_len"], words(found["argv"])) == snapshot(
        (
            512,
            [
                "--dtype",
                "float32",
                "--max-model-len",
                "512",
                "--max-num-seqs",
                "2",
                "--kv-cache-memory-bytes",
                "4194304",
                "--enforce-eager",
                '--override-generation-config={"top_p":0.5}',
                "--allowed-origins",
                "[]",
                "--disable-fastapi-docs",
                "--disable-uvicorn-access-log",
                "--max-num-batched-tokens",
                "512",
                "--limit-mm-per-prompt",
                '{"image":4}',
            ],
        )
    )
    again = modelscan("deploy", "OUR/EYES", "--json")
    assert (again.status, again.json["changed"]) == (0, False)
    seed(monkeypatch, modelscan, context_length=256)
    changed = modelscan("deploy", "our/eyes")
    assert (changed.status, changed.stderr.splitlines()[:1]) == (
        8,
        snapshot(["error: the deployment `eyes` already exists with different options"]),
    )
    assert "entry.context_length: 512 before, 256 now" in changed.stderr


def test_up_keeps_what_it_deployed_of_an_entry(
    vllm: Path, modelscan: Modelscan, monkeypatch: Any, tmp_path: Path
) -> None:
    seed(monkeypatch, modelscan, context_length=512, runtime_args=["--max-num-seqs", "2"])
    file = tmp_path / "modelscan.yaml"
    file.write_text("deployments:\n  mine: {model: our/eyes}\n")
    first = modelscan("up", str(file), "--json", "--yes")
    assert (first.status, [item["action"] for item in first.json["actions"]]) == (0, ["create"])
    assert "512" in modelscan("status", "mine", "--json").json["argv"]
    again = modelscan("up", str(file), "--json", "--yes")
    assert (again.json["changed"], [item["action"] for item in again.json["actions"]]) == (False, ["keep"])


@pytest.mark.slow
def test_what_an_entry_says_of_requests_is_the_gateway_s(
    vllm: Path, modelscan: Modelscan, monkeypatch: Any, home: Path
) -> None:
    def told(*words: str) -> Any:
        ran = modelscan("deploy", *words, "--json")
        assert ran.status == 0, ran.stderr
        found = {item.name: item for item in read_table(gateway_files(paths_below(home))).members}[ran.json["name"]]
        assert ran.json["at_gateway"] == {
            "defaults": found.defaults,
            "max_parallelism": found.max_parallelism,
            "supports_structured_outputs": found.supports_structured_outputs,
            "owned_by": found.owned_by,
        }
        return ran.json["at_gateway"]

    assert told("demo", "--name", "ours") == snapshot(
        {
            "defaults": {"temperature": 0.0, "max_tokens": 64},
            "max_parallelism": None,
            "supports_structured_outputs": None,
            "owned_by": "local",
        }
    )  # our own list says something of it
    seed(monkeypatch, modelscan, max_parallelism=3, supports_structured_outputs=False, defaults={"top_p": 0.5})
    assert told("our/eyes") == snapshot(
        {"defaults": {"top_p": 0.5}, "max_parallelism": 3, "supports_structured_outputs": None, "owned_by": "vllm"}
    )
    seed(monkeypatch, modelscan, max_parallelism=3, thread_safe=False, owned_by="openai")
    assert told("our/eyes", "--replace") == snapshot(
        {"defaults": {}, "max_parallelism": 1, "supports_structured_outputs": None, "owned_by": "openai"}
    )


@pytest.mark.slow
def test_what_our_own_list_says_is_no_difference(vllm: Path, modelscan: Modelscan, tmp_path: Path) -> None:
    file = tmp_path / "modelscan.yaml"
    file.write_text("deployments:\n  mine: {model: demo}\n")
    assert modelscan("model", "add", "modelscan/demo", "--context-length", "512").status == 0
    assert modelscan("up", str(file), "--yes").status == 0
    assert modelscan("model", "remove", "modelscan/demo").status == 0
    [action] = modelscan("up", str(file), "--dry-run", "--json").json["actions"]
    assert (action["action"], action["difference"]) == snapshot(
        ("replace", ["entry.context_length: 512 before, not given now"])
    )


def test_a_form_of_a_model_is_a_model_by_its_own_name(modelscan: Modelscan, monkeypatch: Any) -> None:
    base, form = "Qwen/Qwen3-4B-Instruct-2507", "Qwen/Qwen3-4B-Instruct-2507-FP8"

    def planned(name: str) -> tuple[Any, ...]:
        ran = modelscan("plan", name, "--hardware", "h100", "--json")
        return ran.json["chosen"]["repo_id"], ran.json["model"], ran.json["chosen"]["max_model_len"]

    before = planned(base), planned(form)
    assert before == snapshot(
        (
            ("Qwen/Qwen3-4B-Instruct-2507", "qwen/qwen3-4b-instruct-2507", 131072),
            ("Qwen/Qwen3-4B-Instruct-2507-FP8", "qwen/qwen3-4b-instruct-2507", 131072),
        )
    )
    assert modelscan("model", "inspect", form.lower(), "--json").json["repos"]["huggingface"] == form
    monkeypatch.setenv(
        "MODELSCAN_SEED_MODEL_1",
        json.dumps({"id": form, "name": "Ours", "type": "chat", "runtime": "vllm", "context_length": 4096}),
    )
    assert modelscan("model", "seed").status == 0
    assert (planned(base), planned(form)) == snapshot(
        (
            ("Qwen/Qwen3-4B-Instruct-2507", "qwen/qwen3-4b-instruct-2507", 131072),
            ("Qwen/Qwen3-4B-Instruct-2507-FP8", "qwen/qwen3-4b-instruct-2507-fp8", 4096),
        )
    )
    monkeypatch.setenv(
        "MODELSCAN_SEED_MODEL_1",
        json.dumps({"id": base, "name": "Ours", "type": "chat", "runtime": "vllm", "context_length": 2048}),
    )
    assert modelscan("model", "seed").status == 0
    found = modelscan("catalog", "info", base, "--json").json["weights"]
    assert form in [item["repo_id"] for item in found]  # a seed without repos leaves those that are known
    assert planned(base) == snapshot(("Qwen/Qwen3-4B-Instruct-2507", "qwen/qwen3-4b-instruct-2507", 2048))


def test_what_the_user_asks_goes_over_the_entry(modelscan: Modelscan, monkeypatch: Any) -> None:
    seed(
        monkeypatch,
        modelscan,
        context_length=512,
        runtime_args=["--max-num-seqs", "2", "--seed", "1", "--max-model-len", "256"],
    )

    def plan(*more: str) -> tuple[Any, ...]:
        found = modelscan("plan", "our/eyes", "--hardware", "l4", *more, "--json").json
        chosen = found["chosen"]
        return (
            chosen["max_model_len"],
            chosen["max_num_seqs"],
            [word for word in chosen["argv"] if "seed" in word],
            found["warnings"],
        )

    assert plan() == snapshot(
        (
            256,
            2,
            ["--seed"],
            ["the `runtime_args` of `Our/Eyes` set a context of 256; its `context_length` does not count"],
        )
    )
    assert plan("--context-length", "128", "--max-concurrency", "8") == snapshot((128, 8, ["--seed"], []))
    assert plan("--backend-arg=--max-model-len=64", "--backend-arg=--seed=7") == snapshot((64, 2, ["--seed=7"], []))
    assert plan("--backend", "sglang")[:3] == snapshot((512, 64, []))


def test_arguments_outside_the_list_fail_that_model_by_name(modelscan: Modelscan, monkeypatch: Any) -> None:
    said = {}
    for arguments in (
        ["--host", "0.0.0.0"],
        ["--port", "22"],
        ["--chat-template", "/etc/passwd"],
        ["--max-model-len", "x"],
        ["word"],
        ["--nosuch"],
    ):
        seed(monkeypatch, modelscan, runtime_args=arguments)
        ran = modelscan("plan", "our/eyes", "--hardware", "l4")
        said[" ".join(arguments)] = (ran.status, ran.stderr.splitlines()[:2])
    assert said == snapshot(
        {
            "--host 0.0.0.0": (
                2,
                [
                    "error: `Our/Eyes` cannot be deployed: `--host 0.0.0.0` is not allowed for vLLM",
                    "  modelscan chooses the address",
                ],
            ),
            "--port 22": (
                2,
                [
                    "error: `Our/Eyes` cannot be deployed: `--port 22` is not allowed for vLLM",
                    "  modelscan chooses the address",
                ],
            ),
            "--chat-template /etc/passwd": (
                2,
                [
                    "error: `Our/Eyes` cannot be deployed: `--chat-template /etc/passwd` is not allowed for vLLM",
                    "  the chat template of the weights is used",
                ],
            ),
            "--max-model-len x": (
                2,
                [
                    "error: `Our/Eyes` cannot be deployed: `--max-model-len x` has a value that cannot be planned",
                    "  it is one of the `runtime_args` of its entry",
                ],
            ),
            "word": (
                2,
                [
                    "error: `Our/Eyes` cannot be deployed: `word` is not an argument",
                    "  it is one of the `runtime_args` of its entry",
                ],
            ),
            "--nosuch": (
                2,
                [
                    "error: `Our/Eyes` cannot be deployed: `--nosuch` is not allowed for vLLM",
                    "  it is not an argument that modelscan passes to vLLM",
                ],
            ),
        }
    )


def test_memory_is_the_claim_where_the_shape_is_unknown() -> None:
    entry = LayeredModel("lab/one", (Layer("user", "lab/one", {"memory_bytes": 6 * GIB}),))
    unknown = WeightsDescription(source="huggingface", repo_id="lab/one", location="lab/one")
    resolved = Resolved(reference="lab/one", model_id="lab/one", model=None, options=(unknown,), entry=entry)
    request = as_registered(resolved, PlanRequest(model="lab/one"))
    plan = decide(None, [unknown], machine("l4"), request, FACTS)
    assert plan.chosen is not None
    memory = plan.chosen.memory_per_gpu
    assert (memory.total_bytes, plan.chosen.gpu_memory_utilization) == snapshot((6442450944, 0.27))
    shaped = replace(unknown, architecture=Architecture(num_hidden_layers=2))
    assert as_registered(replace(resolved, options=(shaped,)), PlanRequest(model="lab/one")).max_memory_bytes is None


def test_a_wish_for_code_is_no_consent(
    vllm: Path, modelscan: Modelscan, monkeypatch: Any, folder: Path, home: Path
) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoModelForCausalLM": "code.Model"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "code.py").write_text("print(1)")
    seed(monkeypatch, modelscan, local_path=str(folder), runtime_args=["--trust-remote-code"])
    for yes in ((), ("--yes",)):
        ran = modelscan("deploy", "our/eyes", *yes)
        assert (ran.status, ran.stderr.replace(str(folder), "FOLDER").splitlines()[-3:]) == (
            2,
            snapshot(
                [
                    "error: the entry of `our/eyes` would run code of `FOLDER`, which you have not allowed",
                    "  code.py sha256:d287bb7f9d15abdc5b6e98536263815744b6ef21c8f3c839fc434ca70d8efe99",
                    "hint: read it, then allow it: modelscan deploy our/eyes --trust-remote-code",
                ]
            ),
        )
    with Ledger(paths_below(home)) as ledger:
        ledger.agree({"code.py": ran_hash(folder)}, str(folder))
    ran = modelscan("deploy", "our/eyes", "--json")
    assert (ran.status, "--trust-remote-code" in ran.json["argv"]) == (0, True)


def test_a_class_of_ones_own_runs_once_its_very_file_was_agreed_to(
    modelscan: Modelscan, monkeypatch: Any, home: Path
) -> None:
    seed(monkeypatch, modelscan, runtime="transformers", type="embed", handler="app.models.own.Own")
    missing = modelscan("deploy", "our/eyes")
    assert (missing.status, missing.stderr.splitlines()[-3].partition("`Our")[0]) == snapshot(
        (2, "error: the class `app.models.own.Own` of `our/eyes` is not found")
    )
    monkeypatch.setenv("MODELSCAN_HANDLERS_PATH", str(home / "team"))
    file = home / "team" / "app" / "models" / "own.py"
    file.parent.mkdir(parents=True)
    file.write_text("class Own: ...\n")
    for yes in ((), ("--yes",)):
        ran = modelscan("deploy", "our/eyes", *yes)
        assert (ran.status, ran.stderr.replace(str(home), "HOME").splitlines()[-3:]) == (
            2,
            snapshot(
                [
                    "error: the entry of `our/eyes` would run code of `app.models.own.Own`, which you have not allowed",
                    "  HOME/team/app/models/own.py sha256:40b1191f339d66a20078432409c88b41fdb3b08e076e6571452b394147e3d9c9",
                    "hint: read it, then allow it: modelscan deploy our/eyes --trust-remote-code",
                ]
            ),
        )
    with Ledger(paths_below(home)) as ledger:
        ledger.agree({"own.py": f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"}, "app.models.own.Own")
    assert modelscan("deploy", "our/eyes").status == 7  # agreed: only the backend is missing now
    file.write_text("class Own: print(1)\n")
    assert modelscan("deploy", "our/eyes").status == 2


def ran_hash(folder: Path) -> str:
    return f"sha256:{hashlib.sha256((folder / 'code.py').read_bytes()).hexdigest()}"


def test_runtimes_that_are_not_built_say_what_is_missing(modelscan: Modelscan, monkeypatch: Any) -> None:
    said = {}
    for runtime, kind in (("ollama", "chat"), ("diffusers", "image"), ("transformers", "embed")):
        seed(monkeypatch, modelscan, runtime=runtime, type=kind)
        ran = modelscan("deploy", "our/eyes")
        said[runtime] = (ran.status, ran.stderr)
    assert said == snapshot(
        {
            "ollama": (
                8,
                """\
error: `Our/Eyes` runs at an upstream: there is nothing to deploy
  it is an Ollama daemon of yours
hint: modelscan gateway start
hint: modelscan model inspect Our/Eyes
""",
            ),
            "diffusers": (
                7,
                """\
error: the backend `transformers 5.24.0` is not installed
hint: modelscan backend install transformers --version 5.24.0
hint: or add --yes to install it
""",
            ),
            "transformers": (
                7,
                """\
error: the backend `transformers 5.24.0` is not installed
hint: modelscan backend install transformers --version 5.24.0
hint: or add --yes to install it
""",
            ),
        }
    )


def test_a_registered_id_wins_over_an_alias(modelscan: Modelscan, monkeypatch: Any) -> None:
    before = modelscan("catalog", "info", "llama3.1:8b", "--json").json["id"]
    monkeypatch.setenv(
        "MODELSCAN_SEED_MODEL_9", json.dumps({"id": "Llama3.1:8B", "name": "x", "type": "chat", "runtime": "ollama"})
    )
    modelscan("model", "seed")
    found = modelscan("catalog", "info", "llama3.1:8b", "--json").json
    assert (before, found["id"], found["weights"][0]["repo_id"]) == snapshot(
        ("meta-llama/llama-3.1-8b-instruct", "llama3.1:8b", "meta-llama/Llama-3.1-8B-Instruct")
    )
    assert modelscan("catalog", "info", "llama 3.1 8b", "--json").json["id"] == before
    assert "llama3.1:8b" in modelscan("catalog", "search", "llama3.1:8b", "-q").stdout.split()


def test_pooling_goes_to_the_backend_that_has_a_word_for_it(modelscan: Modelscan) -> None:
    modelscan("model", "edit", "google/embeddinggemma-300m", "--set", "pooling=last")
    argv = modelscan("plan", "google/embeddinggemma-300m", "--hardware", "l4", "--json").json["chosen"]["argv"]
    assert [word for word in argv if "pooler" in word] == ['--pooler-config={"pooling_type":"LAST"}']
