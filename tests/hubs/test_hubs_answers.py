"""What hubs, and what stands between, answer about a repo: told apart, waited for, and never a bug of ours."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hub_server import COMMIT, Repo

DESCRIBE = {"call": "describe", "repo": "lab/tiny"}
DOWNLOAD = {"call": "download", "repo": "lab/tiny"}
SHARD = "model-0000{}-of-00003.safetensors"


@pytest.mark.parametrize("source", ["huggingface", "modelscope"])
@pytest.mark.parametrize("page", [b"<html>please log in</html>", b"{}", b"[]", b"null", b'{"sha": "?"}'])
def test_a_login_page_in_between_is_told(tiny: Any, source: str, page: bytes) -> None:
    tiny.server.instead["lab/tiny"] = [(200, page, {})]
    (answer,) = tiny.run(DESCRIBE | {"source": source})
    assert (answer["error"], answer["message"]) == (
        "source_unavailable",
        f"{tiny.endpoint} sent an answer that is not a hub's",
    )
    assert answer["hints"][0].endswith(f"check: curl -iL {tiny.endpoint}")


@pytest.mark.parametrize("source", ["huggingface", "modelscope"])
@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (503, {}),
        (429, {"Retry-After": "2"}),
        (429, {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=5), usegmt=True)}),
    ],
    ids=["503", "429-seconds", "429-date"],
)
def test_a_busy_hub_is_asked_again(tiny: Any, source: str, status: int, headers: dict[str, str]) -> None:
    tiny.server.instead["lab/tiny"] = [(status, b"{}", headers)] * 2
    tiny.server.fault("config.json", status, times=2, headers=headers)
    (answer,) = tiny.run(DESCRIBE | {"source": source})
    assert answer["found"]["commit"] == COMMIT


def test_a_hub_that_asks_for_long_patience_is_told_at_once(tiny: Any) -> None:
    at = datetime.now(UTC) + timedelta(hours=1)
    tiny.server.instead["lab/tiny"] = [(429, b"{}", {"Retry-After": format_datetime(at, usegmt=True)})]
    (answer,) = tiny.run(DESCRIBE)
    assert answer["error"] == "source_unavailable"
    assert 3500 < answer["details"]["retry_after"] <= 3600
    assert not tiny.server.instead["lab/tiny"]


@pytest.mark.parametrize("source", ["huggingface", "modelscope"])
def test_answers_that_come_packed_are_read(tiny: Any, source: str) -> None:
    content = tiny.repos["lab/tiny"].files["config.json"]
    if source == "huggingface":
        tiny.run({"call": "listing", "repo": "lab/tiny"})  # what follows is a file
    else:
        content = json.dumps({"Code": 200, "Data": {"License": "mit"}}).encode()
    tiny.server.instead["lab/tiny"] = [(200, gzip.compress(content), {"Content-Encoding": "gzip"})]
    (answer,) = tiny.run(DESCRIBE | {"source": source})
    assert answer["found"]["quantization"] == "BF16"
    assert not tiny.server.instead["lab/tiny"]


def test_a_file_that_is_listed_and_not_there_is_named(tiny: Any) -> None:
    tiny.server.fault("model.safetensors", 404, times=9)
    for source in ("huggingface", "modelscope"):
        (answer,) = tiny.run(DOWNLOAD | {"source": source})
        assert (answer["error"], answer["message"]) == (
            "model_not_found",
            "`lab/tiny` lacks `model.safetensors`, which it lists",
        )


def test_a_clock_that_was_ahead_hides_no_news(tiny: Any) -> None:
    tiny.run({"call": "listing", "repo": "lab/tiny"})
    (refs,) = (tiny.home / "own").rglob("refs.json")
    refs.write_text(json.dumps({"": [COMMIT, "2100-01-01T00:00:00Z"]}))
    tiny.repos["lab/tiny"].commit = newer = "b" * 40
    described, got = tiny.run(DESCRIBE, DOWNLOAD)
    assert described["found"]["commit"] == got["found"][1] == newer


def test_a_shard_that_was_never_uploaded_is_missed_without_an_index(tiny: Any) -> None:
    files = tiny.repos["lab/tiny"].files
    weights = files.pop("model.safetensors")
    files |= {SHARD.format(number): weights for number in (1, 3)}
    (answer,) = tiny.run(DESCRIBE)
    assert answer["message"] == "the weights of `lab/tiny` are damaged on the hub"
    assert answer["cause"] == [f"the numbers in its file names imply `{SHARD.format(2)}`, which is missing"]


def test_a_pipeline_is_the_sum_of_its_parts(tiny: Any) -> None:
    """Not of all in one file at the top, and of no second copies."""
    part = tiny.repos["lab/tiny"].files["model.safetensors"]
    names = (
        "unet/diffusion.safetensors",
        "unet/diffusion.fp16.safetensors",
        "vae/model.safetensors",
        "all.safetensors",
    )
    tiny.repos["lab/tiny"] = Repo(files={"model_index.json": b"{}", **dict.fromkeys(names, part)})
    (described,) = tiny.run(DESCRIBE)
    found = described["found"]
    assert (found["task"], found["architecture"], found["size_bytes"]) == (
        "text-to-image",
        None,
        2 * len(part),
    )


def test_two_names_of_one_content_are_fetched_once(tiny: Any) -> None:
    weights = tiny.repos["lab/tiny"].files["model.safetensors"]
    tiny.repos["lab/tiny"].files |= {"2_Dense/model.safetensors": weights}
    (got,) = tiny.run(DOWNLOAD)
    fetched = [line for line in tiny.requests if line.startswith("GET /cdn/")]
    assert len(fetched) == 1
    assert got["told"][-1][0] == got["told"][-1][1]
