"""Xet storage for real: hf_xet's own storage in a folder, and downloads that stream from it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

hf_xet = pytest.importorskip("hf_xet")

DOWNLOAD = {"call": "download", "repo": "lab/tiny"}
WEIGHTS = "model.safetensors"
MIB = 1024**2
# The hub of the tests is a mirror, and mirrors are not trusted to lead to Xet storage.
XET = {"HF_HUB_DISABLE_XET": "0"}


@pytest.fixture
def tiny(hub: Any, tiny_repo: Callable[..., Any], tmp_path: Path) -> Any:
    data = random.Random(7).randbytes(6 * MIB)  # noqa: S311  repeatable, not secret
    hub.server.cas = f"local://{tmp_path / 'cas'}"
    with hf_xet.XetSession().new_upload_commit(endpoint=hub.server.cas) as commit:
        stored = commit.start_upload_bytes(data, sha256=hf_xet.SKIP_SHA256)
    hub.repos["lab/tiny"] = tiny_repo(files={WEIGHTS: data}, xet={WEIGHTS: stored.result().xet_info.hash})
    return hub


def test_large_files_come_from_xet_storage(tiny: Any) -> None:
    (got,) = tiny.run(DOWNLOAD, environ=XET)
    assert (Path(got["found"][0]) / WEIGHTS).read_bytes() == tiny.repos["lab/tiny"].files[WEIGHTS]
    assert WEIGHTS not in tiny.server.served
    assert any("xet-read-token" in line for line in tiny.requests)
    assert tiny.server.served["config.json"]


def test_an_unfinished_file_is_finished_from_there(tiny: Any) -> None:
    data = tiny.repos["lab/tiny"].files[WEIGHTS]
    blobs = tiny.home / "hf" / "hub" / "models--lab--tiny" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / f"{tiny.server.digests(data)[0]}.incomplete").write_bytes(data[: 4 * MIB + 123])
    (got,) = tiny.run(DOWNLOAD, environ=XET)
    assert (Path(got["found"][0]) / WEIGHTS).read_bytes() == data
    assert got["told"][0][0] == 4 * MIB + 123


@pytest.mark.parametrize("environ", [{"HF_HUB_DISABLE_XET": "1"}, {}], ids=["switched off", "a mirror"])
def test_without_it_the_hub_itself_is_asked(tiny: Any, environ: dict[str, str]) -> None:
    (got,) = tiny.run(DOWNLOAD, environ=environ)
    assert (Path(got["found"][0]) / WEIGHTS).read_bytes() == tiny.repos["lab/tiny"].files[WEIGHTS]
    assert tiny.server.served[WEIGHTS] == len(tiny.repos["lab/tiny"].files[WEIGHTS])


def test_storage_that_is_away(tiny: Any) -> None:
    tiny.server.cas = "http://127.0.0.1:9"
    (got,) = tiny.run(DOWNLOAD, environ=XET)
    assert (got["error"], got["status"]) == ("source_unavailable", 6)
    assert got["message"] == f"the download of `{WEIGHTS}` keeps failing"
