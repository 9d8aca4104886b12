"""ModelScope's protocol and its client's cache, against a hub on this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hub_server import COMMIT

DESCRIBE = {"source": "modelscope", "call": "describe", "repo": "Lab/Tiny-0.5B"}
DOWNLOAD = DESCRIBE | {"call": "download"}
CACHED = DESCRIBE | {"call": "cached"}
WEIGHTS = "model.safetensors"


@pytest.fixture
def tiny(hub: Any, tiny_repo: Callable[..., Any]) -> Any:
    hub.repos["Lab/Tiny-0.5B"] = tiny_repo(license="Apache License 2.0")
    return hub


def snapshots(hub: Any) -> Path:
    return Path(hub.home / "ms" / "models" / "Lab--Tiny-0.5B" / "snapshots")


def test_described_as_on_any_hub(tiny: Any) -> None:
    first, again = tiny.run(DESCRIBE, DESCRIBE | {"offline": True})
    found = first["found"]
    names = ("source", "repo_id", "commit", "quantization", "task", "license", "gated", "parameters_by_dtype")
    assert {name: found[name] for name in names} == {
        "source": "modelscope", "repo_id": "Lab/Tiny-0.5B", "commit": COMMIT, "quantization": "BF16", "task": "chat",
        "license": "Apache License 2.0", "gated": False, "parameters_by_dtype": {"BF16": 1000, "F32": 7},
    }  # fmt: skip
    assert again["found"] == found
    assert set(tiny.server.served) == {"config.json", "tokenizer_config.json", WEIGHTS}


def test_downloaded_where_its_client_looks_and_stored_once(tiny: Any) -> None:
    before, got, after, again = tiny.run(CACHED, DOWNLOAD, CACHED, DOWNLOAD | {"offline": True})
    folder = snapshots(tiny) / COMMIT
    assert (before["found"], got["found"], after["found"]) == (None, [str(folder), COMMIT], str(folder))
    assert again["found"] == got["found"]
    files = sorted(path.name for path in folder.rglob("*"))
    assert files == ["config.json", WEIGHTS, "tokenizer.json", "tokenizer_config.json"]
    for name in files:
        assert (snapshots(tiny) / "master" / name).samefile(folder / name)
    assert (folder / WEIGHTS).read_bytes() == tiny.repos["Lab/Tiny-0.5B"].files[WEIGHTS]


@pytest.mark.parametrize("place", ["models/Lab--Tiny-0.5B/snapshots/master", "hub/models/Lab/Tiny-0___5B"])
def test_what_its_client_fetched_is_not_fetched_again(tiny: Any, place: str) -> None:
    files = tiny.repos["Lab/Tiny-0.5B"].files
    folder = tiny.home / "ms" / place
    folder.mkdir(parents=True)
    for name in ("config.json", WEIGHTS, "tokenizer.json"):
        (folder / name).write_bytes(files[name])
    (got,) = tiny.run(DOWNLOAD)
    assert set(tiny.server.served) == {"tokenizer_config.json"}
    assert (Path(got["found"][0]) / WEIGHTS).samefile(folder / WEIGHTS)


def test_a_commit_stays_when_the_branch_moves(tiny: Any) -> None:
    repo = tiny.repos["Lab/Tiny-0.5B"]
    (first,) = tiny.run(DOWNLOAD)
    old = repo.files["config.json"]
    repo.older[COMMIT] = dict(repo.files)
    repo.commit, repo.files["config.json"] = "b" * 40, old.replace(b'"llama"', b'"gemma"')
    (second,) = tiny.run(DOWNLOAD)
    assert second["found"][1] == "b" * 40
    assert (Path(first["found"][0]) / "config.json").read_bytes() == old
    assert (Path(second["found"][0]) / "config.json").read_bytes() == repo.files["config.json"]
    assert (snapshots(tiny) / "master" / "config.json").read_bytes() == repo.files["config.json"]
    weights = [(Path(answer["found"][0]) / WEIGHTS) for answer in (first, second)]
    assert weights[0].samefile(weights[1])
    (pinned,) = tiny.run(DOWNLOAD | {"revision": COMMIT})
    assert pinned["found"] == first["found"]


def test_a_broken_transfer_goes_on(tiny: Any) -> None:
    tiny.repos["Lab/Tiny-0.5B"].files[WEIGHTS] += bytes(3 * 1024**2)
    tiny.server.fault(WEIGHTS, "reset", after=1024**2)
    tiny.server.fault(WEIGHTS, "wrong", after=2 * 1024**2)
    (got,) = tiny.run(DOWNLOAD)
    assert (Path(got["found"][0]) / WEIGHTS).read_bytes() == tiny.repos["Lab/Tiny-0.5B"].files[WEIGHTS]


def test_refusals(tiny: Any) -> None:
    unknown, revision = tiny.run(DESCRIBE | {"repo": "Lab/None"}, DESCRIBE | {"revision": "v9"})
    assert (unknown["error"], unknown["message"]) == ("model_not_found", f"`Lab/None` is not on {tiny.endpoint}")
    assert unknown["hints"] == ["modelscan catalog search None", "log in: modelscan login modelscope"]
    assert (revision["error"], revision["message"]) == ("model_not_found", "`Lab/Tiny-0.5B` has no revision `v9`")
    tiny.repos["Lab/Tiny-0.5B"].gated = True
    (gated,) = tiny.run(DOWNLOAD)
    assert (gated["error"], gated["status"]) == ("gated", 6)
    assert gated["hints"][0] == f"accept the terms in a browser: {tiny.endpoint}/Lab/Tiny-0.5B"
    (allowed,) = tiny.run(DOWNLOAD, environ={"MODELSCOPE_API_TOKEN": "hf_good"})
    assert allowed["found"][1] == COMMIT
    tiny.server.status["Lab/Tiny-0.5B"] = 429
    (busy,) = tiny.run({**DESCRIBE, "call": "listing"})
    assert busy["message"] == f"{tiny.endpoint} is rate limiting: too many requests"


def test_the_branch_by_its_own_name_is_known_offline(tiny: Any) -> None:
    tiny.run(DOWNLOAD)
    (checked,) = tiny.run(DESCRIBE | {"call": "verify", "revision": "master", "offline": True})
    assert {item["verdict"] for item in checked["found"]} == {"ok"}
