"""The real huggingface_hub against a hub on this machine: no account, no network."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).parents[2] / "src"
COMMIT = "c0ffee" + "0" * 34
DESCRIBE = {"call": "describe", "repo": "lab/tiny"}
DOWNLOAD = {"call": "download", "repo": "lab/tiny"}
CACHED = {"call": "cached", "repo": "lab/tiny"}


@pytest.fixture
def tiny(hub: Any, tiny_repo: Callable[..., Any]) -> Any:
    hub.repos["lab/tiny"] = tiny_repo()
    return hub


def test_described_before_any_weights_are_fetched(tiny: Any) -> None:
    (answer,) = tiny.run(DESCRIBE)
    found = answer["found"]
    assert {key: found[key] for key in ("source", "repo_id", "location", "commit", "quantization", "format", "task")} == {
        "source": "huggingface", "repo_id": "lab/tiny", "location": "lab/tiny", "commit": COMMIT,
        "quantization": "BF16", "format": "safetensors", "task": "chat",
    }  # fmt: skip
    assert found["parameters_by_dtype"] == {"BF16": 1000, "F32": 7}
    assert found["bytes_by_dtype"] == {"BF16": 2000, "F32": 28}
    assert found["architecture"]["num_hidden_layers"] == 2
    assert found["has_chat_template"] is True
    assert found["size_bytes"] == len(tiny.repos["lab/tiny"].files["model.safetensors"])
    assert [line for line in tiny.requests if "model.safetensors" in line and not line.startswith("RANGE")] == [
        f"GET /lab/tiny/resolve/{COMMIT}/model.safetensors"
    ]
    assert any(line.startswith("RANGE bytes=0-") for line in tiny.requests)


def test_the_hubs_own_sums_save_the_headers(tiny: Any, make_safetensors: Callable[..., bytes]) -> None:
    tiny.repos["lab/tiny"].files["model.safetensors"] = make_safetensors({"a": ("BF16", [100000], 200000)})
    tiny.repos["lab/tiny"].safetensors = {"parameters": {"BF16": 100000}, "total": 100000}
    (answer,) = tiny.run(DESCRIBE)
    assert answer["found"]["bytes_by_dtype"] == {"BF16": 200000}
    assert not any("model.safetensors" in line for line in tiny.requests)


def test_sums_that_do_not_account_for_the_files_are_not_believed(tiny: Any) -> None:
    tiny.repos["lab/tiny"].safetensors = {"parameters": {"BF16": 4}, "total": 4}
    (answer,) = tiny.run(DESCRIBE)
    assert answer["found"]["bytes_by_dtype"] == {"BF16": 2000, "F32": 28}


def test_download_takes_what_a_backend_needs_and_nothing_twice(tiny: Any) -> None:
    before, got, after, offline, again = tiny.run(
        CACHED, DOWNLOAD, CACHED, DESCRIBE | {"with": {"offline": True}}, DOWNLOAD
    )
    folder, commit = got["found"]
    assert (before["found"], commit, after["found"]) == (None, COMMIT, folder)
    files = sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*"))
    assert files == ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
    fractions = [fraction for fraction, _ in got["told"]]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert offline["found"]["location"] == folder
    assert again["told"] == [[1.0, "already here"]]


def test_a_transfer_that_breaks_off_goes_on_where_it_stopped(tiny: Any) -> None:
    tiny.repos["lab/tiny"].files["model.safetensors"] += bytes(24 * 1024**2)
    tiny.repos["lab/tiny"].broken["model.safetensors"] = 1
    (got,) = tiny.run(DOWNLOAD)
    folder = Path(got["found"][0])
    assert (folder / "model.safetensors").read_bytes() == tiny.repos["lab/tiny"].files["model.safetensors"]
    resumed = [line for line in tiny.requests if line.startswith("RANGE") and "bytes=0-" not in line]
    assert resumed


def test_half_a_download_is_no_model(tiny: Any) -> None:
    tiny.run(DOWNLOAD)
    (snapshot,) = (tiny.home / "hub" / "models--lab--tiny" / "snapshots").iterdir()
    (snapshot / "model.safetensors").unlink()
    missing, described, mended = tiny.run(CACHED, DESCRIBE | {"with": {"offline": True}}, DOWNLOAD)
    assert missing["found"] is None
    assert described["error"] == "source_unavailable"
    assert mended["found"] == [str(snapshot), COMMIT]


def test_gated(tiny: Any) -> None:
    tiny.repos["lab/tiny"].gated = True
    described, got = tiny.run(DESCRIBE, DOWNLOAD)
    expected = {
        "error": "gated",
        "message": "`lab/tiny` is gated: its owner lets only those in who accepted the terms",
        "cause": [],
        "hints": [f"accept them in a browser: {tiny.endpoint}/lab/tiny", "log in: modelscan login"],
        "told": [],
    }
    assert described == expected
    assert got | {"told": []} == expected
    (allowed,) = tiny.run(DESCRIBE, environ={"HF_TOKEN": "hf_good"})
    assert allowed["found"]["commit"] == COMMIT
    (refused,) = tiny.run(DESCRIBE, environ={"HF_TOKEN": "hf_bad"})
    assert refused["hints"][-1] == "the token in use may not open it"
    assert "hf_bad" not in json.dumps(refused)


def test_what_is_not_there(tiny: Any) -> None:
    unknown, revision, name = tiny.run(
        {"call": "describe", "repo": "lab/none"}, DESCRIBE | {"revision": "v9"}, {"call": "describe", "repo": "a/b/c"}
    )
    assert unknown["error"] == "model_not_found"
    assert unknown["message"] == f"`lab/none` is not on {tiny.endpoint}"
    assert unknown["hints"] == ["modelscan catalog search none", "log in: modelscan login"]
    assert (revision["error"], revision["message"]) == ("model_not_found", "`lab/tiny` has no revision `v9`")
    assert (name["error"], name["message"]) == ("model_not_found", "`a/b/c` is not the name of a repo")


def test_a_repo_without_a_config(tiny: Any) -> None:
    tiny.repos["lab/tiny"].files = {"model-Q4.gguf": b"x"}
    (answer,) = tiny.run(DESCRIBE)
    assert (answer["error"], answer["hints"]) == ("model_not_found", ["use the repo that these files were made from"])


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "unauthorized"), (403, "unauthorized"), (404, "source_unavailable"), (418, "source_unavailable")],
)
def test_other_answers(tiny: Any, status: int, code: str) -> None:
    tiny.status["lab/tiny"] = status
    (answer,) = tiny.run(DESCRIBE)
    assert answer["error"] == code


def test_a_hub_that_is_down_does_not_matter_for_what_is_here(tiny: Any) -> None:
    (nothing,) = tiny.run(DESCRIBE, environ={"HF_ENDPOINT": "http://127.0.0.1:9"})
    assert nothing["error"] == "source_unavailable"
    assert nothing["message"] == "http://127.0.0.1:9 cannot be reached"
    tiny.run(DOWNLOAD)
    described, got = tiny.run(DESCRIBE, DOWNLOAD, environ={"HF_ENDPOINT": "http://127.0.0.1:9"})
    assert described["found"]["commit"] == got["found"][1] == COMMIT


def test_offline_asks_nobody(tiny: Any) -> None:
    refused, flagged = (
        *tiny.run(DESCRIBE, environ={"HF_HUB_OFFLINE": "1"}),
        *tiny.run(DOWNLOAD | {"with": {"offline": True}}),
    )
    for answer in (refused, flagged):
        assert answer["error"] == "source_unavailable"
        assert answer["message"] == "`lab/tiny` is not in the cache, and the network is not to be used"
        assert answer["hints"] == ["with the network, once: hf download lab/tiny"]
    assert tiny.requests == []


def test_the_users_own_variables_reach_the_library(tiny: Any, tmp_path: Path) -> None:
    # As in the program: everything from the process, nothing from the caller but a copy of it.
    code = (
        "import os; from modelscan.hubs.huggingface import download;"
        "print(download('lab/tiny', None, environ=dict(os.environ), offline=False, on_progress=lambda *_: None)[0])"
    )
    variables = {"HF_ENDPOINT": tiny.endpoint, "HF_HOME": str(tmp_path / "own"), "PYTHONPATH": str(SOURCE), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(str(tmp_path / "own" / "hub"))
    assert done.stderr == ""


def test_a_revision_is_pinned_to_its_commit(tiny: Any) -> None:
    tiny.run(DOWNLOAD)
    tiny.repos["lab/tiny"].commit = newer = "b" * 40
    by_name, by_commit = tiny.run(DESCRIBE, CACHED | {"revision": COMMIT})
    assert by_name["found"]["commit"] == newer
    assert by_commit["found"].endswith(COMMIT)


def test_weights_that_lie_about_their_size_are_refused(tiny: Any) -> None:
    header = json.dumps({"a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 10**9]}}).encode()
    tiny.repos["lab/tiny"].files["model.safetensors"] = len(header).to_bytes(8, "little") + header
    (answer,) = tiny.run(DESCRIBE)
    assert (answer["error"], answer["message"]) == ("error", "the weights of `lab/tiny` are damaged on the hub")
