"""Seeding as a fleet does it: variables in, models and four lines out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan

from modelscan.errors import StorageFailed
from modelscan.registry.seeds import natural, read_seeds
from modelscan.registry.store import RegisteredRow, RegistryStore
from modelscan.settings.reading import load_settings
from modelscan.storage.paths import paths_below

EYES = {
    "id": "Qwen/Qwen3-VL-8B-Instruct", "name": "Our eyes", "type": "chat", "runtime": "vllm", "memory": "20GiB",
    "context_length": 16384, "description": "Looks at pictures", "enabled": True, "auto_pull": True, "prewarm": True,
    "runtime_args": [
        "--trust-remote-code", "--max-model-len", "16384", "--gpu-memory-utilization",
        "{{.DynamicMemoryUtilizationRatio}}", "--limit-mm-per-prompt", '{"image":4}', "--enforce-eager",
        "--max-num-seqs", "32",
    ],
}  # fmt: skip
LLAMA = {"id": "llama3.1:8b", "name": "Llama", "type": "chat", "runtime": "ollama", "memory": "8GB"}
BGE = {
    "id": "BAAI/bge-large-en-v1.5", "name": "BGE", "type": "embed", "runtime": "vllm", "memory": "5GB",
    "context_length": 512, "runtime_args": {"args": ["--task", "embed", "--max-model-len", "512", "--trust-remote-code"]},
}  # fmt: skip
SDXL = {
    "id": "stabilityai/stable-diffusion-xl-base-1.0", "name": "SDXL", "type": "image", "runtime": "diffusers",
    "memory": "12GB", "auto_pull": True,
}  # fmt: skip


@pytest.fixture
def seeds(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets seed variables by what their names end with."""

    def put(prefix: str = "MODELSCAN_SEED_MODEL_", **values: Any) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"{prefix}{name}", value if isinstance(value, str) else json.dumps(value))

    return put


def model(**more: Any) -> dict[str, Any]:
    return {"id": "lab/one", "name": "One", "type": "chat", "runtime": "vllm", **more}


def why(value: Any) -> str:
    """Why a variable is no seed, or its model cannot be made."""
    found = read_seeds({"X": value if isinstance(value, str) else json.dumps(value)})
    ((reason),) = [item.reason for item in (*found.skipped, *found.failed)]
    return f"{'skipped' if found.skipped else 'failed'}: {reason}"


def test_a_first_seeding(modelscan: Modelscan, seeds: Any, home: Path) -> None:
    seeds(EYES=json.dumps(EYES, indent=2), LLAMA=LLAMA, BGE=BGE, SDXL=SDXL)
    ran = modelscan("model", "seed")
    assert (ran.status, ran.stdout, ran.stderr) == (
        0,
        snapshot("""\
BAAI/bge-large-en-v1.5  created
Qwen/Qwen3-VL-8B-Instruct  created
llama3.1:8b  created
stabilityai/stable-diffusion-xl-base-1.0  created
"""),
        snapshot("""\
INFO loaded seed models from environment count=4
INFO seeding models from environment variables count=4
INFO created model from environment seed model_id=BAAI/bge-large-en-v1.5 name="BGE"
INFO created model from environment seed model_id=Qwen/Qwen3-VL-8B-Instruct name="Our eyes"
INFO created model from environment seed model_id=llama3.1:8b name="Llama"
INFO created model from environment seed model_id=stabilityai/stable-diffusion-xl-base-1.0 name="SDXL"
INFO completed model seeding from environment variables
"""),
    )
    assert modelscan("model", "list").stdout == snapshot("""\
ID                                        TYPE   RUNTIME       MEMORY  CONTEXT  ORIGIN  ENABLED
BAAI/bge-large-en-v1.5                    embed  vllm        4.66 GiB      512  seed    yes
llama3.1:8b                               chat   ollama      7.45 GiB        -  seed    yes
Qwen/Qwen3-VL-8B-Instruct                 chat   vllm       20.00 GiB   16,384  seed    yes
stabilityai/stable-diffusion-xl-base-1.0  image  diffusers  11.18 GiB        -  seed    yes
""")
    again = modelscan("model", "seed", "--json")
    assert (again.stderr, again.json["loaded"], again.json["created"], len(again.json["unchanged"])) == ("", 4, [], 4)
    log = (home / "state" / "seeding.log").read_text().splitlines()
    assert [line.partition(" ")[2] for line in log[:7]] == ran.stderr.splitlines()
    assert len(log) == 10


def test_what_is_no_seed_is_told_and_the_rest_goes_on(modelscan: Modelscan, seeds: Any) -> None:
    seeds(
        A="{",
        B=model(id="lab/b", memory="plenty"),
        C=model(id="/etc/passwd"),
        D=LLAMA,
        E={"id": "x"},
        F=model(extra_key=1),
    )
    ran = modelscan("model", "seed")
    assert (ran.status, ran.stderr) == (
        1,
        snapshot("""\
WARN skipped seed variable=MODELSCAN_SEED_MODEL_A reason="not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
WARN skipped seed variable=MODELSCAN_SEED_MODEL_E reason="it lacks `name` and `type` and `runtime`"
INFO loaded seed models from environment count=4
INFO seeding models from environment variables count=4
WARN seed variable=MODELSCAN_SEED_MODEL_F reason="`extra_key` is not a known key and is only kept"
ERROR failed to seed model variable=MODELSCAN_SEED_MODEL_B model_id=lab/b reason="`memory` must be a size such as `20GiB`, `8GB` or a number of bytes"
ERROR failed to seed model variable=MODELSCAN_SEED_MODEL_C reason="`id` must be a name such as `owner/name` or `name:tag`: letters, digits, `. _ - + : @` and `/`"
INFO created model from environment seed model_id=llama3.1:8b name="Llama"
INFO created model from environment seed model_id=lab/one name="One"
INFO completed model seeding from environment variables
"""),
    )


def test_nothing_is_said_where_there_is_nothing(modelscan: Modelscan, seeds: Any, home: Path, monkeypatch: Any) -> None:
    assert modelscan("model", "seed").stderr == "Nothing to seed: no variable begins with MODELSCAN_SEED_MODEL_\n"
    seeds(A=LLAMA)
    monkeypatch.setenv("MODELSCAN_SEED_MODELS_ENABLED", "false")
    ran = modelscan("model", "seed")
    assert (ran.stdout, ran.stderr) == ("", "Nothing to seed: seed_models.enabled is false\n")
    assert not (home / "state").exists()
    monkeypatch.setenv("MODELSCAN_SEED_MODELS_ENABLED", "maybe")
    assert modelscan("model", "seed").status == 1


def test_only_what_seeds_made_changes_and_only_where_asked(modelscan: Modelscan, seeds: Any, monkeypatch: Any) -> None:
    seeds(A=model(), B={**LLAMA})
    modelscan("model", "seed")
    modelscan("model", "edit", "llama3.1:8b", "--set", "description=ours")
    seeds(A=model(context_length=4096), B={**LLAMA, "context_length": 4096})
    assert modelscan("model", "seed", "--json").json["updated"] == []
    monkeypatch.setenv("MODELSCAN_SEED_MODELS_UPDATE_EXISTING", "true")
    dry = modelscan("model", "seed", "--dry-run")
    assert (dry.stdout, dry.stderr) == snapshot(
        (
            "lab/one  would be updated\nllama3.1:8b  unchanged\n",
            "INFO loaded seed models from environment count=2\n",
        )
    )
    assert modelscan("model", "seed", "--json").json["updated"] == ["lab/one"]
    assert modelscan("model", "inspect", "LAB/one", "--json").json["context_length"] == 4096


def test_a_removed_one_returns_and_a_disabled_one_does_not(modelscan: Modelscan, seeds: Any, monkeypatch: Any) -> None:
    seeds(A=model(), B=LLAMA)
    monkeypatch.setenv("MODELSCAN_SEED_MODELS_UPDATE_EXISTING", "true")
    modelscan("model", "seed")
    assert modelscan("model", "remove", "lab/one", "llama3.1:8b").stdout == snapshot("""\
lab/one  removed: it returns at the next seeding while its variable is set; to keep it off: modelscan model disable lab/one
llama3.1:8b  removed: it returns at the next seeding while its variable is set; to keep it off: modelscan model disable llama3.1:8b
""")
    assert modelscan("model", "seed", "-q").stdout == "lab/one\nllama3.1:8b\n"
    modelscan("model", "disable", "lab/one")
    modelscan("model", "seed")
    ran = modelscan("deploy", "lab/one")
    assert (ran.status, ran.stderr) == (8, "error: `lab/one` is disabled\nhint: modelscan model enable lab/one\n")


def test_a_fleet_of_its_own_names(modelscan: Modelscan, seeds: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("MODELSCAN_SEED_MODELS_PREFIX", "HELIX_SEED_MODEL_")
    seeds("HELIX_SEED_MODEL_", ONE=model())
    seeds(TWO=LLAMA)
    assert modelscan("model", "seed", "-q").stdout == "lab/one\n"
    monkeypatch.setenv("HELIX_SEED_MODELS_ENABLED", "false")
    assert "seed_models.enabled is false" in modelscan("model", "seed").stderr
    assert "env HELIX_SEED_MODELS_ENABLED" in modelscan("config", "show").stdout
    monkeypatch.setenv("MODELSCAN_SEED_MODELS_ENABLED", "true")
    assert modelscan("model", "seed", "--json").json["unchanged"] == ["lab/one"]


def test_whose_word_counts_where_names_meet() -> None:
    def read(**environ: str) -> Any:
        return load_settings({"MODELSCAN_HOME": "/nowhere", **environ})

    ours, fleet = "MODELSCAN_SEED_MODELS_PREFIX", "ACME_SEED_MODELS_"
    found = read(**{ours: "ACME_SEED_MODEL_", f"{fleet}UPDATE_EXISTING": "true", "ACME_HF_TOKEN": "hf_a"})
    assert (found.seed_models.update_existing, found.token_variables) == (True, ("ACME_HF_TOKEN",))
    followed = read(
        **{ours: "ACME_SEED_MODEL_", f"{fleet}PREFIX": "B_SEED_MODEL_", "B_SEED_MODELS_PREFIX": "C_SEED_MODEL_"}
    )
    assert (followed.seed_models.prefix, followed.token_variables) == ("B_SEED_MODEL_", ("ACME_HF_TOKEN", "B_HF_TOKEN"))
    other = read(**{ours: "OTHER_", "OTHER_SEED_MODELS_ENABLED": "false", "MODELSCAN_SEED_MODELS_UPDATE_EXISTING": "1"})
    assert (other.seed_models.enabled, other.seed_models.update_existing, other.token_variables) == (True, True, ())


def test_the_token_of_the_fleet_goes_to_its_hub_and_nowhere_else(
    modelscan: Modelscan, home: Path, monkeypatch: Any
) -> None:
    from modelscan.selecting.context import Context

    monkeypatch.setenv("MODELSCAN_SEED_MODELS_PREFIX", "HELIX_SEED_MODEL_")
    environ = {"MODELSCAN_HOME": str(home), "HOME": "/nowhere", "MODELSCAN_SEED_MODELS_PREFIX": "HELIX_SEED_MODEL_"}

    def used(**more: str) -> str | None:
        return Context(settings=load_settings({**environ, **more})).hub_environment().get("HF_TOKEN")

    assert used(HELIX_HF_TOKEN="hf_fleet") == "hf_fleet"
    assert used(HELIX_HF_TOKEN="hf_fleet", HF_TOKEN="hf_own") == "hf_own"
    assert used() is None
    monkeypatch.setenv("HELIX_HF_TOKEN", "hf fleet")
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    ran = modelscan("plan", "lab/unknown-model")
    assert "`HELIX_HF_TOKEN` is not a valid token" in ran.stderr
    assert "hf fleet" not in ran.stderr
    assert not any(b"hf fleet" in path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_of_two_with_one_id_the_later_one_counts(modelscan: Modelscan, seeds: Any) -> None:
    seeds(**{"2": model(context_length=2), "10": model(id="LAB/One", context_length=10)})
    ran = modelscan("model", "seed")
    assert (
        'variable=MODELSCAN_SEED_MODEL_2 reason="`MODELSCAN_SEED_MODEL_10` has the same id and comes later"'
        in ran.stderr
    )
    assert modelscan("model", "inspect", "lab/one", "--json").json["context_length"] == 10


@given(st.lists(st.integers(0, 10**6), min_size=1))
def test_numbers_are_in_their_order(numbers: list[int]) -> None:
    names = sorted((f"M_{number}" for number in numbers), key=natural)
    assert [int(name[2:]) for name in names] == sorted(numbers)


@pytest.mark.parametrize(
    ("written", "size"),
    [("20GiB", 20 << 30), ("8GB", 8 * 10**9), ("5G", 5 << 30), ("64Gi", 64 << 30), (1024, 1024), ("1024", 1024),
     ("1.5TiB", 3 << 39), ("512 MB", 512 * 10**6), ("3kb", 3000), ("2 K", 2048), ("7B", 7)],
)  # fmt: skip
def test_sizes(written: Any, size: int) -> None:
    (seed,) = read_seeds({"X": json.dumps(model(memory=written))}).loaded
    assert seed.entry.stated["memory_bytes"] == size


def test_what_fails_says_why_and_not_what_was_written() -> None:
    wrong: dict[str, Any] = {
        "type": "video", "runtime": "kobold", "enabled": "yes", "context_length": 0, "memory": "-1GB",
        "runtime_args": ["--max-num-seqs", 32], "pooling": "max", "defaults": {"temperature": "hot"}, "handler": "a-b",
        "description": "a\u001b[31mb", "name": "two\nlines", "local_path": "relative", "hf_repo_id": "a/b/c",
        "upstream_base_url": "https://user:pw@host/v1", "max_parallelism": True, "prewarm": 1,
    }  # fmt: skip
    assert {key: why(model(**{key: value})) for key, value in wrong.items()} == snapshot(
        {
            "type": "failed: `type` must be one of chat, embed, rerank, vision, speech, image",
            "runtime": "failed: `runtime` must be one of vllm, sglang, llamacpp, transformers, ollama, diffusers, upstream",
            "enabled": "failed: `enabled` must be true or false",
            "context_length": "failed: `context_length` must be a whole number of tokens, 1 to 20000000",
            "memory": "failed: `memory` must be a size such as `20GiB`, `8GB` or a number of bytes",
            "runtime_args": "failed: `runtime_args` must be a list of texts",
            "pooling": "failed: `pooling` must be one of mean, cls, last_token",
            "defaults": "failed: `defaults.temperature` must be a number from 0 to 2",
            "handler": "failed: `handler` must be the dotted path of a class",
            "description": "failed: `description` has control characters",
            "name": "failed: `name` has control characters or line breaks",
            "local_path": "failed: `local_path` must be an absolute path or an `s3://` address",
            "hf_repo_id": "failed: `hf_repo_id` must be a repo, `owner/name`",
            "upstream_base_url": "failed: `upstream_base_url` must be an address, `https://host/v1`, without user, password and query",
            "max_parallelism": "failed: `max_parallelism` must be a whole number, 1 to 100000",
            "prewarm": "failed: `prewarm` must be true or false",
        }
    )
    assert why(model(runtime_args=["{{.Nope}}"])) == snapshot(
        "failed: `runtime_args` has the unknown placeholder `{{.Nope}}`; known: DynamicMemoryUtilizationRatio, MaxModelLen, TensorParallelSize, Port"
    )
    assert why(model(runtime_args=["--api-key", "sk-abcdefghijklmnopqrstuvwx"])) == snapshot(
        "failed: `runtime_args` holds a secret, which every user of the machine could read"
    )
    assert why(model(description="hf_abcdefghijklmnopqrstuvwxyz")) == snapshot(
        "failed: it holds what looks like a secret, which would be stored"
    )
    assert why("[1]") == snapshot("skipped: not a JSON object")
    assert why(json.dumps(model(description="x" * 10**7))) == snapshot("skipped: it is larger than 128 KiB")
    assert why("[" * 100_000).startswith("skipped: not JSON")
    assert why('{"id": NaN, "id": "\u0000"}') == snapshot(
        "skipped: not JSON: Invalid control character at: line 1 column 20 (char 19)"
    )
    for path in ("../x", "~/x", "a/../b", "-rf", "file:///etc/passwd", "C:\\x", "a//b", "a b", "s3://b/c"):
        assert why(model(id=path)).startswith("failed: `id` must be a name")


@given(st.text(), st.text())
def test_any_text_is_a_seed_or_a_reason(name: str, text: str) -> None:
    found = read_seeds({name: text})
    assert len(found.loaded) + len(found.skipped) + len(found.failed) == 1


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)  # fmt: skip


@given(
    st.dictionaries(
        st.sampled_from(["id", "memory", "type", "runtime_args", "defaults", "upstream", "enabled", "x"]), JSON
    )
)
def test_any_document_is_a_seed_or_a_reason(document: dict[str, Any]) -> None:
    found = read_seeds({"X": json.dumps({**model(), **document})})
    assert len(found.loaded) + len(found.skipped) + len(found.failed) == 1


SEEDER = "import sys; from modelscan.cli import main; sys.exit(main(['model', 'seed', '--json']))"


def test_two_seeders_at_once_make_each_model_once(seeds: Any, home: Path, modelscan: Modelscan) -> None:
    seeds(**{str(number): model(id=f"lab/m{number}") for number in range(40)})
    running = [subprocess.Popen([sys.executable, "-c", SEEDER], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    reports = [json.loads(process.communicate()[0]) for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert sorted(reports[0]["created"] + reports[1]["created"]) == sorted(f"lab/m{number}" for number in range(40))
    assert len(modelscan("model", "list", "--json").json) == 40


def test_a_full_disk_leaves_what_was_there(home: Path) -> None:
    with RegistryStore(paths_below(home)) as store:
        store.change("lab/kept", lambda _: RegisteredRow(id="lab/kept", seed={"name": "Kept"}))
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StorageFailed, match="cannot use"):
            store.change_all({
                f"lab/{number}": lambda _, number=number: RegisteredRow(id=f"lab/{number}", seed={"name": "x" * 2_000})
                for number in range(50)
            })  # fmt: skip
        assert list(store.rows()) == ["lab/kept"]


def test_a_log_that_cannot_be_written_is_told_and_costs_nothing(modelscan: Modelscan, seeds: Any, home: Path) -> None:
    seeds(A=model())
    (home / "state" / "seeding.log").mkdir(parents=True)
    ran = modelscan("model", "seed")
    assert (ran.status, ran.stdout) == (0, "lab/one  created\n")
    assert ran.stderr.splitlines()[-1].startswith("WARN the log of seedings was not written reason=")


def test_a_damaged_row_is_told_and_can_be_removed(home: Path, modelscan: Modelscan) -> None:
    with RegistryStore(paths_below(home)) as store:
        store.change("lab/one", lambda _: RegisteredRow(id="lab/one", seed={"name": "One"}))
        store._connection.execute("UPDATE registered_models SET seed = '['")
    ran = modelscan("model", "list")
    assert (ran.status, ran.stderr) == (
        1,
        snapshot("""\
error: what is kept of the registered model `lab/one` is damaged
hint: nothing was changed; remove it: modelscan model remove lab/one
"""),
    )
    assert modelscan("model", "remove", "lab/one").stdout == "lab/one  removed\n"
    assert modelscan("model", "list", "-q").stdout == ""
