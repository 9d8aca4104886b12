"""House-keeping through the real entry point: what is here, whose it is, and what is never taken away."""

from __future__ import annotations

import fcntl
import json
import os
import re
from pathlib import Path

import pytest
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan

from modelscan.deployments.document import record_of
from modelscan.deployments.store import Store
from modelscan.hubs.ledger import Ledger
from modelscan.model import Deployment
from modelscan.storage.paths import paths_below
from modelscan.storage.shipped import shipped
from modelscan.system.clock import SystemClock

COMMIT = "c0ffee" + "0" * 34


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Two repos in Hugging Face's cache, one in ModelScope's: 3000, 2000 and 1000 bytes and what goes with them."""
    root = tmp_path / "hf" / "hub"
    for repo, size in (("lab--ours", 3000), ("lab--theirs", 2000)):
        folder = root / f"models--{repo}"
        (folder / "blobs").mkdir(parents=True)
        (folder / "blobs" / "aa").write_bytes(bytes(size))
        (folder / "snapshots" / COMMIT).mkdir(parents=True)
        (folder / "snapshots" / COMMIT / "model.safetensors").symlink_to("../../blobs/aa")
        (folder / "refs").mkdir()
        (folder / "refs" / "main").write_text(COMMIT)
    locks = root / ".locks" / "models--lab--ours"
    locks.mkdir(parents=True)
    (locks / "aa.lock").touch()
    other = tmp_path / ".cache" / "modelscope" / "models" / "lab--mirrored" / "snapshots"
    for revision in ("master", COMMIT):
        (other / revision).mkdir(parents=True)
    (other / "master" / "model.safetensors").write_bytes(bytes(1000))
    os.link(other / "master" / "model.safetensors", other / COMMIT / "model.safetensors")
    return root


def ours(home: Path, folder: Path, repo_id: str = "lab/ours") -> None:
    with Ledger(paths_below(home), SystemClock()) as ledger:
        ledger.add_download(folder, "huggingface", repo_id)


def deployed(home: Path, name: str, repo_id: str = "lab/ours", **more: object) -> None:
    fields: dict[str, object] = {"source": "huggingface", "repo_id": repo_id, "status": "stopped", **more}
    with Store(paths_below(home), SystemClock()) as store:
        store.create(record_of(Deployment(id=f"id-{name}", name=name, model=repo_id, backend="vllm", **fields)))  # type: ignore[arg-type]


def names(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if path.name.startswith("models--"))


def test_what_is_here(modelscan: Modelscan, cache: Path, home: Path, tmp_path: Path) -> None:
    (cache / "models--lab--ours" / "blobs" / "bb.incomplete").write_bytes(bytes(500))
    ours(home, cache / "models--lab--ours")
    deployed(home, "one")
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "w.safetensors").write_bytes(bytes(10))
    deployed(home, "two", str(folder), source="local_path", location=str(folder))
    ran = modelscan("weights", "list")
    columns = re.sub("  +", "  ", ran.stdout.replace(str(tmp_path), "TMP"))
    assert (ran.status, columns) == (
        0,
        snapshot("""\
WEIGHTS  SOURCE  COMMITS  SIZE  ORIGIN  USED BY
lab/ours  huggingface  c0ffee00  3.46 KiB (incomplete)  modelscan  one
lab/theirs  huggingface  c0ffee00  1.99 KiB  another program  -
lab/mirrored  modelscope  c0ffee00,master  1000 B  another program  -
TMP/mine  local_path  -  10 B  you  two
"""),
    )
    first = modelscan("weights", "list", "--json").json[0]
    assert first["downloaded_at"].endswith("Z")
    assert first | {"downloaded_at": ""} == {
        "source": "huggingface", "repo_id": "lab/ours", "path": str(cache / "models--lab--ours"), "commits": [COMMIT],
        "size_bytes": 3540, "unfinished_bytes": 500, "downloaded_at": "", "used_by": ["one"],
    }  # fmt: skip
    assert modelscan("weights", "list", "-q").stdout.split() == ["lab/ours", "lab/theirs", "lab/mirrored", str(folder)]


def test_the_shipped_folder_was_brought_by_nobody_else(modelscan: Modelscan, home: Path) -> None:
    deployed(home, "demo", str(shipped("demo")), source="local_path", location=str(shipped("demo")))
    [_, row] = modelscan("weights", "list").stdout.splitlines()
    assert row.split()[-2:] == ["modelscan", "demo"]


def test_what_stays_in_s3_is_not_here(modelscan: Modelscan, cache: Path, home: Path) -> None:
    place = "s3://bucket/ours"
    deployed(home, "far", place, source="s3", location=place)
    assert place not in modelscan("weights", "list").stdout
    assert modelscan("weights", "remove", place, "--yes", "--force").status == 3
    before = names(cache)
    assert modelscan("remove", "far", "--purge-weights", "--force", "--yes").status == 0
    assert names(cache) == before


def test_nothing_here(modelscan: Modelscan, home: Path) -> None:
    ran = modelscan("weights", "list", "--json")
    assert (ran.status, ran.json) == (0, [])
    assert modelscan("weights", "prune", "--yes").stdout == "Nothing to free: no downloaded weights are unused\n"
    assert list(home.iterdir()) == []


def test_one_result_per_name_and_the_worst_status(modelscan: Modelscan, cache: Path, home: Path) -> None:
    ours(home, cache / "models--lab--ours")
    ran = modelscan("weights", "remove", "lab/ours", "lab/theirs", "lab/never", "--yes", "--json")
    assert [(item["id"], item["freed_bytes"]) for item in ran.json] == [
        ("lab/ours", 3040), ("lab/theirs", None), ("lab/never", None),
    ]  # fmt: skip
    assert [item["error"] and item["error"]["code"] for item in ran.json] == [None, "conflict", "model_not_found"]
    assert ran.status == 8
    assert names(cache) == ["models--lab--theirs"]
    assert not (cache / ".locks" / "models--lab--ours").exists()
    assert modelscan("weights", "remove", "lab/theirs", "--yes", "--force").stdout == (
        "lab/theirs  removed, 1.99 KiB freed\n"
    )
    assert names(cache) == []


def test_what_a_deployment_needs_stays_even_by_force(modelscan: Modelscan, cache: Path, home: Path) -> None:
    ours(home, cache / "models--lab--ours")
    deployed(home, "one", "lab/renamed", location=str(cache / "models--lab--ours" / "snapshots" / COMMIT))
    ran = modelscan("weights", "remove", "lab/ours", "--yes", "--force")
    assert (ran.status, ran.stderr) == (
        8,
        "error: the weights of `lab/ours` are in use\n  by one\nhint: modelscan remove one\n",
    )
    assert modelscan("weights", "prune", "--yes", "--json").json["freed_bytes"] == 0
    assert len(names(cache)) == 2


def test_what_is_being_fetched_stays(modelscan: Modelscan, cache: Path, home: Path) -> None:
    ours(home, cache / "models--lab--ours")
    with (cache / ".locks" / "models--lab--ours" / "aa.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ran = modelscan("weights", "remove", "lab/ours", "--yes", "--json")
    assert (ran.status, ran.error["code"]) == (8, "conflict")
    assert len(names(cache)) == 2


def test_prune_shows_asks_and_takes_only_what_modelscan_brought(modelscan: Modelscan, cache: Path, home: Path) -> None:
    ours(home, cache / "models--lab--ours")
    shown = modelscan("weights", "prune", "--dry-run").stdout
    assert shown == f"lab/ours  2.97 KiB  {cache / 'models--lab--ours'}\nWould free 2.97 KiB\n"
    unasked = modelscan("weights", "prune")
    assert (unasked.status, unasked.stderr) == (
        2,
        snapshot("""\
error: nothing was deleted: this needs confirmation
  lab/ours  2.97 KiB  (huggingface)
hint: modelscan weights prune --yes
"""),
    )
    assert len(names(cache)) == 2
    assert modelscan("weights", "prune", "--yes", "--json").json["freed_bytes"] == 3040
    assert names(cache) == ["models--lab--theirs"]
    assert modelscan("weights", "prune", "--yes", "--json").json["weights"] == []


def test_remove_with_its_weights(modelscan: Modelscan, cache: Path, home: Path) -> None:
    ours(home, cache / "models--lab--ours")
    deployed(home, "one")
    deployed(home, "two")
    deployed(home, "three", "lab/theirs")
    shared = modelscan("remove", "one", "--purge-weights", "--yes", "--json")
    assert (shared.status, shared.error["details"]["deployments"]) == (8, ["two"])
    foreign = modelscan("remove", "three", "--purge-weights", "--yes", "--json")
    assert (foreign.status, foreign.error["code"]) == (8, "conflict")
    unasked = modelscan("remove", "one", "two", "--purge-weights", "--json")
    assert (unasked.status, unasked.error["code"]) == (2, "usage")
    assert modelscan("list", "-q").stdout.split() == ["one", "two", "three"]

    both = modelscan("remove", "one", "two", "--purge-weights", "--yes")
    assert (both.status, both.stdout, both.stderr) == (0, "one  removed\ntwo  removed\n", "Freed 2.97 KiB\n")
    assert names(cache) == ["models--lab--theirs"]
    assert modelscan("remove", "three").status == 0
    assert modelscan("remove", "three", "--purge-weights", "--force", "--yes").status == 0
    assert names(cache) == []
    assert modelscan("remove", "never", "--purge-weights", "--yes").status == 3


def test_a_folder_of_the_users_is_never_touched(modelscan: Modelscan, home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    deployed(home, "one", str(folder), source="local_path", location=str(folder))
    assert modelscan("remove", "one", "--purge-weights", "--force", "--yes").status == 0
    assert (folder / "config.json").exists()


def test_a_model_is_found_by_its_name(modelscan: Modelscan, tmp_path: Path, home: Path) -> None:
    folder = tmp_path / "hf" / "hub" / "models--Qwen--Qwen3-0.6B"
    (folder / "snapshots" / COMMIT).mkdir(parents=True)
    ours(home, folder, "Qwen/Qwen3-0.6B")
    ran = modelscan("weights", "remove", "qwen3-0.6b", "--yes", "--json")
    assert (ran.status, [item["repo_id"] for item in ran.json[0]["weights"]]) == (0, ["Qwen/Qwen3-0.6B"])
    assert json.loads(modelscan("weights", "list", "--json").stdout) == []


def test_a_folder_is_verified_for_what_its_files_say(modelscan: Modelscan, home: Path, folder: Path) -> None:
    deployed(home, "mine", str(folder), source="local_path", location=str(folder))
    assert str(folder) in modelscan("weights", "list").stdout
    ran = modelscan("weights", "verify", str(folder))
    assert (ran.status, ran.stderr) == (0, f"verifying {folder}\n")
    assert ran.stdout.removeprefix(str(folder)) == snapshot(
        "  7 files, 3.53 MiB: complete by their headers; no hub has checksums of them\n"
    )
    [verified] = modelscan("weights", "verify", "demo", "--json").json
    assert verified["checked"] == [
        {
            "source": "local_path",
            "repo_id": str(shipped(name)),
            "revision": None,
            "files": files,
            "size_bytes": sum(path.stat().st_size for path in shipped(name).iterdir()),
            "wrong": {},
            "checksums": False,
        }
        for name, files in (("demo", 7), ("demo-gguf", 2))
    ]


def test_a_folder_with_a_file_cut_short_is_refused(modelscan: Modelscan, folder: Path) -> None:
    os.truncate(folder / "model.safetensors", 1_000_000)
    ran = modelscan("weights", "verify", str(folder))
    assert (ran.status, ran.stdout) == (1, "")
    assert ran.stderr.replace(str(folder), "FOLDER") == snapshot("""\
verifying FOLDER
error: `FOLDER/model.safetensors` is damaged
  tensor `model.layers.0.self_attn.o_proj.weight` is at 959232 to 1057536 of 995920 bytes
hint: download it again
""")


def test_a_folder_is_never_deleted(modelscan: Modelscan, home: Path, folder: Path) -> None:
    deployed(home, "mine", str(folder), source="local_path", location=str(folder))
    ran = modelscan("weights", "remove", str(folder), "--yes", "--force")
    assert (ran.status, ran.stdout) == (2, "")
    assert ran.stderr.replace(str(folder), "FOLDER") == snapshot("""\
error: `FOLDER` is in no hub's cache, and modelscan never deletes such a folder
hint: modelscan remove mine
""")
    assert (folder / "model.safetensors").exists()


def test_of_what_is_not_here(modelscan: Modelscan) -> None:
    ran = modelscan("weights", "verify", "lab/none")
    assert (ran.status, ran.stderr) == (
        3,
        snapshot("""\
error: there are no weights of `lab/none` on this machine
hint: modelscan weights list
"""),
    )
