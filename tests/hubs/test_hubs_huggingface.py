"""The real huggingface_hub against a hub on this machine: no account, no network."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hub_server import COMMIT

SOURCE = Path(__file__).parents[2] / "src"
DESCRIBE = {"call": "describe", "repo": "lab/tiny"}
DOWNLOAD = {"call": "download", "repo": "lab/tiny"}
CACHED = {"call": "cached", "repo": "lab/tiny"}


def test_described_before_any_weights_are_fetched(tiny: Any) -> None:
    tiny.repos["lab/tiny"].license = "apache-2.0"
    tiny.repos["lab/tiny"].files["modeling_own.py"] = b"print()"
    (answer,) = tiny.run(DESCRIBE)
    found = answer["found"]
    names = ("source", "repo_id", "location", "commit", "quantization", "format", "task", "license", "gated")
    assert {key: found[key] for key in names} == {
        "source": "huggingface", "repo_id": "lab/tiny", "location": "lab/tiny", "commit": COMMIT,
        "quantization": "BF16", "format": "safetensors", "task": "chat", "license": "apache-2.0", "gated": False,
    }  # fmt: skip
    assert found["parameters_by_dtype"] == {"BF16": 1000, "F32": 7}
    assert found["bytes_by_dtype"] == {"BF16": 2000, "F32": 28}
    assert found["architecture"]["num_hidden_layers"] == 2
    assert (found["has_chat_template"], found["only_pickles"]) == (True, False)
    assert found["code_hashes"] == {"modeling_own.py": tiny.server.digests(b"print()")[1]}
    assert found["size_bytes"] == len(tiny.repos["lab/tiny"].files["model.safetensors"])
    assert not (tiny.home / "hf" / "hub").exists()


def test_only_the_headers_of_large_files_are_read(tiny: Any, make_safetensors: Callable[..., bytes]) -> None:
    tensors = {f"layers.{n}.weight": ("BF16", [10, 10], 200) for n in range(3000)}
    tiny.repos["lab/tiny"].files["model.safetensors"] = big = make_safetensors(tensors) + bytes(0)
    assert int.from_bytes(big[:8], "little") > 100_000  # one guess is not enough
    (answer,) = tiny.run(DESCRIBE)
    assert answer["found"]["parameters_by_dtype"] == {"BF16": 300_000}
    end = 8 + int.from_bytes(big[:8], "little")
    ranges = [line for line in tiny.requests if line.startswith("RANGE") and "safetensors" in line]
    assert ranges == ["RANGE bytes=0-99999 model.safetensors", f"RANGE bytes=100000-{end - 1} model.safetensors"]


def test_a_second_plan_needs_no_network(tiny: Any) -> None:
    first, *_ = tiny.run(DESCRIBE)
    tiny.requests.clear()
    again, by_commit, offline = tiny.run(DESCRIBE, DESCRIBE | {"revision": COMMIT}, DESCRIBE | {"offline": True})
    assert again["found"] == first["found"]
    assert by_commit["found"] == first["found"] | {"revision": COMMIT}
    assert offline["found"] == first["found"]
    assert tiny.requests == []


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
    before, got, after, offline, again = tiny.run(CACHED, DOWNLOAD, CACHED, DESCRIBE | {"offline": True}, DOWNLOAD)
    folder, commit = got["found"]
    assert (before["found"], commit, after["found"]) == (None, COMMIT, folder)
    files = sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*"))
    assert files == ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
    done = [now for now, _ in got["told"]]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, got["told"][0][1])
    assert offline["found"]["location"] == folder
    assert again == {"found": [folder, COMMIT], "told": []}


def test_the_librarys_own_tools_find_it_complete(tiny: Any) -> None:
    (got,) = tiny.run(DOWNLOAD)
    tiny.requests.clear()
    code = (
        "from huggingface_hub import snapshot_download, scan_cache_dir, HfApi;"
        "never = ['*.bin', '*.gguf', 'original/*', 'consolidated*'];"
        "print(snapshot_download('lab/tiny', ignore_patterns=never, local_files_only=True));"
        "print([(repo.repo_id, len(repo.revisions)) for repo in scan_cache_dir().repos]);"
        "print(HfApi().verify_repo_checksums('lab/tiny').mismatches)"
    )
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, env=tiny.environ, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [got["found"][0], "[('lab/tiny', 1)]", "[]"]


def test_a_branch_fetched_by_its_commit_is_known_by_name(tiny: Any) -> None:
    tiny.run({"call": "listing", "repo": "lab/tiny"}, DOWNLOAD | {"revision": COMMIT})
    main = tiny.home / "hf" / "hub" / "models--lab--tiny" / "refs" / "main"
    assert main.read_text(encoding="utf-8") == COMMIT


def test_what_the_library_fetched_is_not_fetched_again(tiny: Any) -> None:
    code = "from huggingface_hub import snapshot_download; print(snapshot_download('lab/tiny'))"
    subprocess.run([sys.executable, "-c", code], env=tiny.environ, capture_output=True, text=True, check=True)
    tiny.server.served.clear()
    (got,) = tiny.run(DOWNLOAD)
    assert got["found"][1] == COMMIT
    assert tiny.server.served == {}


def test_a_plain_folder_in_place_of_the_cache(tiny: Any, tmp_path: Path) -> None:
    (got,) = tiny.run(DOWNLOAD | {"with": {"into": str(tmp_path / "plain")}})
    assert got["found"] == [str(tmp_path / "plain"), COMMIT]
    assert (tmp_path / "plain" / "model.safetensors").read_bytes() == tiny.repos["lab/tiny"].files["model.safetensors"]
    assert not list((tiny.home / "hf").rglob("*.safetensors"))


def test_half_a_download_is_no_model(tiny: Any) -> None:
    tiny.run(DOWNLOAD)
    (snapshot,) = (tiny.home / "hf" / "hub" / "models--lab--tiny" / "snapshots").iterdir()
    (snapshot / "model.safetensors").resolve().unlink()
    missing, incomplete, mended = tiny.run(CACHED, DOWNLOAD | {"offline": True}, DOWNLOAD)
    assert missing["found"] is None
    assert (incomplete["error"], incomplete["cause"]) == ("source_unavailable", ["model.safetensors: missing"])
    assert mended["found"] == [str(snapshot), COMMIT]


def test_gated(tiny: Any) -> None:
    tiny.repos["lab/tiny"].gated = True
    described, got = tiny.run(DESCRIBE, DOWNLOAD)
    expected = {
        "error": "gated",
        "message": "`lab/tiny` is gated: its owner grants access only to people who accepted the terms",
        "cause": [],
        "hints": [f"accept the terms in a browser: {tiny.endpoint}/lab/tiny", "log in: modelscan login"],
        "status": 6,
    }
    for answer in (described, got):
        assert {key: answer[key] for key in expected} == expected
    (refused,) = tiny.run(DESCRIBE, environ={"HF_TOKEN": "hf_bad"})
    assert refused["hints"][-1] == "the token from HF_TOKEN may lack access"
    assert "hf_bad" not in json.dumps(refused)
    (allowed,) = tiny.run(DESCRIBE, environ={"HF_TOKEN": "hf_good"})
    assert allowed["found"]["commit"] == COMMIT


def test_what_is_not_there(tiny: Any) -> None:
    unknown, revision, name = tiny.run(
        {"call": "describe", "repo": "lab/none"}, DESCRIBE | {"revision": "v9"}, {"call": "describe", "repo": "a/b/c"}
    )
    assert unknown["error"] == "model_not_found"
    assert unknown["message"] == f"`lab/none` is not on {tiny.endpoint}"
    assert unknown["hints"] == ["modelscan catalog search none", "log in: modelscan login"]
    assert (revision["error"], revision["message"]) == ("model_not_found", "`lab/tiny` has no revision `v9`")
    assert (name["error"], name["message"]) == ("model_not_found", "`a/b/c` is not a valid repo name")


def test_a_repo_without_a_config(tiny: Any) -> None:
    tiny.repos["lab/tiny"].files = {"model.safetensors": b"x"}
    (answer,) = tiny.run(DESCRIBE)
    assert (answer["error"], answer["hints"]) == (
        "model_not_found",
        ["search for another repo: modelscan catalog search tiny"],
    )


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "unauthorized"), (403, "unauthorized"), (404, "source_unavailable"), (418, "source_unavailable")],
)
def test_other_answers(tiny: Any, status: int, code: str) -> None:
    tiny.server.status["lab/tiny"] = status
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
        *tiny.run(DOWNLOAD | {"offline": True}),
    )
    for answer in (refused, flagged):
        assert answer["error"] == "source_unavailable"
        assert answer["message"] == "`lab/tiny` is not in the cache, and network access is off"
        assert answer["hints"] == ["download it once with network access: modelscan pull lab/tiny"]
    assert tiny.requests == []


def test_a_revision_is_pinned_to_its_commit(tiny: Any) -> None:
    tiny.run(DOWNLOAD)
    tiny.repos["lab/tiny"].commit = newer = "b" * 40
    tiny.repos["lab/tiny"].older[COMMIT] = tiny.repos["lab/tiny"].files
    listed, by_name, by_commit = tiny.run(
        {"call": "listing", "repo": "lab/tiny"}, DESCRIBE, CACHED | {"revision": COMMIT}
    )
    assert listed["found"]["commit"] == by_name["found"]["commit"] == newer
    assert by_commit["found"].endswith(COMMIT)


def test_weights_that_lie_about_their_size_are_refused(tiny: Any) -> None:
    header = json.dumps({"a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 10**9]}}).encode()
    tiny.repos["lab/tiny"].files["model.safetensors"] = len(header).to_bytes(8, "little") + header
    (answer,) = tiny.run(DESCRIBE)
    assert (answer["error"], answer["message"]) == ("error", "the weights of `lab/tiny` are damaged on the hub")


def test_no_token_is_left_anywhere(tiny: Any) -> None:
    tiny.repos["lab/tiny"].gated = True
    got = tiny.run(DESCRIBE, DOWNLOAD, environ={"HF_TOKEN": "hf_good"})
    assert "hf_good" not in json.dumps(got)
    files = [path for path in tiny.home.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert [path for path in files if b"hf_good" in path.read_bytes()] == []


def test_through_a_proxy(tiny: Any) -> None:
    code = (
        "import os; from modelscan.hubs.sources import Access, describer, fetcher; from modelscan.settings.reading import load_settings;"
        "environ = dict(os.environ);"
        "access = Access(settings=load_settings(environ), environ=lambda: environ);"
        "describer('huggingface', access).describe('lab/tiny', None);"
        "print(fetcher('huggingface', access).download('lab/tiny', None, on_progress=lambda _: None)[1])"
    )
    # Nobody but the proxy knows this host.
    variables = {"HF_ENDPOINT": "http://hub.invalid", "HTTP_PROXY": tiny.endpoint, "NO_PROXY": "localhost"}
    environ = {**tiny.environ, **variables, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"{COMMIT}\n", "")
