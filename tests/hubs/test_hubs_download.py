"""Downloads under every trouble there is: real transfers from a hub on this machine that fails on demand."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hub_server import COMMIT

DOWNLOAD = {"call": "download", "repo": "lab/tiny"}
VERIFY = {"call": "verify", "repo": "lab/tiny", "revision": COMMIT}
WEIGHTS = "model.safetensors"
MIB = 1024**2


@pytest.fixture
def tiny(hub: Any, tiny_repo: Callable[..., Any], make_safetensors: Callable[..., bytes]) -> Any:
    hub.repos["lab/tiny"] = tiny_repo()
    header = make_safetensors({"a": ("U8", [8 * MIB], 8 * MIB)})[: -8 * MIB]
    hub.repos["lab/tiny"].files[WEIGHTS] = header + random.Random(4).randbytes(8 * MIB)  # noqa: S311  repeatable, not secret
    return hub


def blobs(hub: Any) -> Path:
    return Path(hub.home / "hf" / "hub" / "models--lab--tiny" / "blobs")


def here(hub: Any) -> int:
    """Bytes that are on the disk, finished or not."""
    return sum(path.stat().st_size for path in blobs(hub).glob("*")) if blobs(hub).is_dir() else 0


def content(answer: Any) -> bytes:
    return (Path(answer["found"][0]) / WEIGHTS).read_bytes()


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "truncate", "after": 3 * MIB, "times": 3},
        {"kind": "reset", "after": 2 * MIB, "times": 2},
        {"kind": 503, "times": 3},
        {"kind": 429, "times": 2, "headers": {"Retry-After": "7"}},
        {"kind": "stall", "seconds": 0.5},
        {"kind": "wrong", "after": 4 * MIB},
    ],
    ids=lambda fault: str(fault["kind"]),
)
def test_what_passes_is_overcome(tiny: Any, fault: dict[str, Any]) -> None:
    tiny.server.fault(WEIGHTS, **fault)
    (got,) = tiny.run(DOWNLOAD, environ={"HF_HUB_DOWNLOAD_TIMEOUT": "0.2"})
    assert content(got) == tiny.repos["lab/tiny"].files[WEIGHTS]
    assert not list(blobs(tiny).glob("*.incomplete"))
    done, total = got["told"][-1]
    assert done == total


def test_what_came_is_not_asked_for_again(tiny: Any) -> None:
    tiny.server.fault(WEIGHTS, "truncate", after=3 * MIB)
    tiny.run(DOWNLOAD)
    ranges = [line for line in tiny.requests if line.startswith("RANGE") and WEIGHTS in line]
    assert ranges == [f"RANGE bytes={3 * MIB}- {WEIGHTS}"]
    assert tiny.server.served[WEIGHTS] == len(tiny.repos["lab/tiny"].files[WEIGHTS])


def test_a_server_without_ranges(tiny: Any) -> None:
    tiny.server.fault(WEIGHTS, "truncate", after=3 * MIB)
    tiny.server.fault(WEIGHTS, "no range")
    (got,) = tiny.run(DOWNLOAD)
    assert content(got) == tiny.repos["lab/tiny"].files[WEIGHTS]


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        ({"kind": 503}, "source_unavailable", f"{{endpoint}} answered 503 for `{WEIGHTS}`"),
        ({"kind": 429}, "source_unavailable", "{endpoint} is rate limiting: too many requests"),
        ({"kind": 403}, "unauthorized", "{endpoint} denies access to `lab/tiny`"),
        ({"kind": "wrong", "after": 5}, "source_unavailable", f"`{WEIGHTS}` arrived damaged"),
        (
            {"kind": "truncate", "after": 0},
            "source_unavailable",
            f"the download of `{WEIGHTS}` keeps failing",
        ),
    ],
    ids=lambda value: str(value["kind"]) if isinstance(value, dict) else "",
)
def test_what_stays_is_an_error_that_names_it(tiny: Any, fault: dict[str, Any], error: str, message: str) -> None:
    tiny.server.fault(WEIGHTS, times=99, **fault)
    (got,) = tiny.run(DOWNLOAD)
    assert (got["error"], got["status"]) == (error, 6)
    assert got["message"] == message.format(endpoint=tiny.endpoint)
    assert "signature" not in str(got)
    tiny.server.faults.clear()
    (again,) = tiny.run(DOWNLOAD)
    assert content(again) == tiny.repos["lab/tiny"].files[WEIGHTS]


def test_a_full_disk(tiny: Any) -> None:
    partial = blobs(tiny) / f"{tiny.server.digests(tiny.repos['lab/tiny'].files[WEIGHTS])[0]}.incomplete"
    partial.parent.mkdir(parents=True)
    partial.symlink_to("/dev/full")
    (got,) = tiny.run(DOWNLOAD)
    assert (got["error"], got["status"], got["cause"]) == ("storage_failed", 1, ["the disk is full"])


def test_a_planted_wrong_byte_is_found_and_mended(tiny: Any) -> None:
    (got,) = tiny.run(DOWNLOAD)
    blob = (Path(got["found"][0]) / WEIGHTS).resolve()
    with blob.open("r+b") as file:
        file.seek(5 * MIB)
        file.write(b"!")
    found, offline = tiny.run(VERIFY, DOWNLOAD | {"offline": True})
    assert {item["file"]["path"]: item["verdict"] for item in found["found"] if item["verdict"] != "ok"} == {
        WEIGHTS: "wrong hash"
    }
    assert (offline["error"], offline["cause"]) == ("source_unavailable", [f"{WEIGHTS}: wrong hash"])
    tiny.server.served.clear()
    (mended,) = tiny.run(DOWNLOAD)
    assert content(mended) == tiny.repos["lab/tiny"].files[WEIGHTS]
    assert set(tiny.server.served) == {WEIGHTS}


def test_files_found_right_are_read_once(tiny: Any) -> None:
    (got,) = tiny.run(DOWNLOAD)
    blob = (Path(got["found"][0]) / WEIGHTS).resolve()
    before = blob.stat()
    with blob.open("r+b") as file:  # the same inode, size and time: only reading could tell
        file.seek(5 * MIB)
        file.write(b"!")
    os.utime(blob, ns=(before.st_atime_ns, before.st_mtime_ns))
    remembered, again, after = tiny.run(VERIFY, VERIFY | {"with": {"again": True}}, VERIFY)
    wrong = [
        [item["file"]["path"] for item in answer["found"] if item["verdict"] != "ok"]
        for answer in (remembered, again, after)
    ]
    assert wrong == [[], [WEIGHTS], [WEIGHTS]]


def test_two_processes_share_one_transfer(tiny: Any) -> None:
    tiny.server.rate = 40 * MIB
    (both,) = tiny.run(DOWNLOAD | {"kill_after": 0, "processes": 3})
    assert both["exits"] == [0, 0, 0]
    assert tiny.server.served[WEIGHTS] == len(tiny.repos["lab/tiny"].files[WEIGHTS])


def killed_often(tiny: Any, kills: int, longest: float) -> None:
    chance, before, interrupted = random.Random(kills), 0, 0  # noqa: S311  repeatable, not secret
    for _ in range(kills):
        (killed,) = tiny.run(DOWNLOAD | {"kill_after": chance.uniform(0.0, longest)})
        interrupted += killed["exits"] == [-9]
        assert here(tiny) >= before
        before = here(tiny)
    assert interrupted > kills / 2
    (got,) = tiny.run(DOWNLOAD)
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", WEIGHTS):
        assert (Path(got["found"][0]) / name).read_bytes() == tiny.repos["lab/tiny"].files[name]
    assert not list(blobs(tiny).glob("*.incomplete"))
    assert not list((tiny.home / "hf").rglob("*.tmp"))


@pytest.mark.slow
def test_kills_lose_nothing(tiny: Any) -> None:
    tiny.server.rate = 4 * MIB
    killed_often(tiny, 10, 0.3)


@pytest.mark.slow
def test_a_hundred_kills_lose_nothing(tiny: Any) -> None:
    tiny.repos["lab/tiny"].files[WEIGHTS] += random.Random(5).randbytes(56 * MIB)  # noqa: S311  repeatable, not secret
    tiny.server.rate = 3 * MIB
    killed_often(tiny, 100, 0.5)
