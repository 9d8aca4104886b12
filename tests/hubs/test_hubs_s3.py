"""Uploads to a real S3 server (moto's) on this machine: in parts, resumed, checked."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelscan.cli import main
from modelscan.errors import ModelNotFound, ModelscanError, SourceUnavailable, Unauthorized, Usage
from modelscan.hubs.files import Transferred
from modelscan.hubs.s3.client import s3_translated
from modelscan.hubs.s3.download import download
from modelscan.hubs.s3.upload import upload
from modelscan.system.clock import SystemClock
from modelscan.units import MIB
from modelscan.weights.address import parse_s3

PART = 5 * MIB  # the least that S3 takes
SIZE = 12 * MIB + 17


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "model"
    (path / "sub").mkdir(parents=True)
    (path / "config.json").write_text("{}")
    (path / "sub" / "empty").write_bytes(b"")
    (path / "model.safetensors").write_bytes(random.Random(7).randbytes(SIZE))  # noqa: S311
    return path


NAMES = ["config.json", "model.safetensors", "sub/empty"]


def send(folder: Path, told: Callable[[Transferred], None] = lambda _: None, target: str = "s3://bucket/a/b") -> int:
    return upload(folder, NAMES, parse_s3(target), on_progress=told, clock=SystemClock(), part_bytes=PART)


def test_everything_arrives_and_is_not_sent_twice(s3: Any, folder: Path) -> None:
    told: list[Transferred] = []
    assert send(folder, told.append) == SIZE + 2
    assert sorted(s3.find("bucket")) == [f"bucket/a/b/{name}" for name in NAMES]
    assert s3.cat("bucket/a/b/model.safetensors") == (folder / "model.safetensors").read_bytes()
    assert [now.done_bytes for now in told] == sorted(now.done_bytes for now in told)
    assert (told[0].done_bytes, told[-1].done_bytes, told[-1].total_bytes) == (0, SIZE + 2, SIZE + 2)
    assert send(folder) == 0


def test_a_broken_upload_goes_on_where_it_stopped(s3: Any, folder: Path) -> None:
    target = {"Bucket": "bucket", "Key": "a/b/model.safetensors"}
    content = (folder / "model.safetensors").read_bytes()
    started = s3.call_s3("create_multipart_upload", **target, ChecksumAlgorithm="SHA256")["UploadId"]
    s3.call_s3("upload_part", **target, UploadId=started, PartNumber=2, Body=content[PART : 2 * PART])
    assert s3.find("bucket") == []
    assert send(folder) == SIZE + 2 - PART
    assert s3.cat("bucket/a/b/model.safetensors") == content
    assert not s3.call_s3("list_multipart_uploads", Bucket="bucket").get("Uploads")


@pytest.mark.slow
def test_an_unfinished_upload_of_other_bytes_is_given_up(s3: Any, folder: Path) -> None:
    target = {"Bucket": "bucket", "Key": "a/b/model.safetensors"}
    started = s3.call_s3("create_multipart_upload", **target)["UploadId"]
    s3.call_s3("upload_part", **target, UploadId=started, PartNumber=1, Body=bytes(PART))
    assert send(folder) == SIZE + 2
    assert s3.cat("bucket/a/b/model.safetensors") == (folder / "model.safetensors").read_bytes()
    assert not s3.call_s3("list_multipart_uploads", Bucket="bucket").get("Uploads")


@pytest.mark.slow
def test_wrong_bytes_under_the_name_are_found_and_replaced(s3: Any, folder: Path) -> None:
    send(folder)
    s3.pipe("bucket/a/b/model.safetensors", bytes(SIZE))
    assert send(folder) == SIZE
    assert s3.cat("bucket/a/b/model.safetensors") == (folder / "model.safetensors").read_bytes()


def fetch(target: Path) -> tuple[int, int]:
    return download(parse_s3("s3://bucket/a/b"), target, on_progress=lambda _: None, clock=SystemClock())


@pytest.mark.slow
def test_back_into_a_folder_whole_resumed_and_checked(s3: Any, folder: Path, tmp_path: Path) -> None:
    send(folder)
    target, content = tmp_path / "back", (folder / "model.safetensors").read_bytes()
    target.mkdir()
    (target / "model.safetensors.incomplete").write_bytes(content[: 3 * MIB])
    assert fetch(target) == (SIZE + 2, SIZE + 2 - 3 * MIB)
    assert {name: (target / name).read_bytes() for name in NAMES} == {
        name: (folder / name).read_bytes() for name in NAMES
    }
    assert fetch(target) == (SIZE + 2, 0)
    (target / "model.safetensors").write_bytes(bytes(SIZE))
    (target / "config.json.incomplete").write_bytes(b"..")
    assert fetch(target)[1] == SIZE
    assert (target / "model.safetensors").read_bytes() == content
    assert sorted(path.name for path in target.glob("*.safetensors*")) == ["model.safetensors"]


@pytest.mark.slow
def test_the_command_there_and_back(s3: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pull", "demo", "--to", "s3://bucket/models/demo", "--json"]) == 0
    [pulled] = json.loads(capsys.readouterr().out)
    assert (pulled["path"], pulled["changed"]) == ("s3://bucket/models/demo", True)
    assert main(["pull", "demo", "--to", "s3://bucket/models/demo", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["changed"] is False
    back = tmp_path / "back"
    assert main(["pull", "s3://bucket/models/demo", "--to", str(back)]) == 0
    capsys.readouterr()
    assert main(["plan", str(back), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["feasible"] is True


@pytest.mark.slow
def test_a_half_file_of_other_bytes_is_fetched_anew(s3: Any, folder: Path, tmp_path: Path) -> None:
    send(folder)
    target = tmp_path / "back"
    target.mkdir()
    (target / "config.json.incomplete").write_bytes(b"..")
    fetch(target)
    assert (target / "config.json").read_text() == "{}"


def test_nothing_there_and_names_that_lead_out(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound):
        fetch(tmp_path)
    s3.call_s3("put_object", Bucket="bucket", Key="a/b/../../evil", Body=b"x")
    with pytest.raises(ModelscanError, match="points outside"):
        fetch(tmp_path / "deep" / "er")
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, SourceUnavailable),
        ({"AWS_ACCESS_KEY_ID": None, "AWS_EC2_METADATA_DISABLED": "true"}, Unauthorized),
        ({"AWS_PROFILE": "nobody"}, SourceUnavailable),
    ],
)
def test_failures_in_our_words_without_secrets(
    s3: Any,
    folder: Path,
    change: dict[str, str | None],
    kind: type[ModelscanError],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in change.items():
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    with pytest.raises(kind) as caught:
        send(folder)
    assert type(caught.value) is kind
    assert caught.value.hints
    assert "secret" not in str(caught.value.cause)


def test_a_bucket_that_is_not_there(s3: Any, folder: Path) -> None:
    with pytest.raises(SourceUnavailable) as caught:
        send(folder, target="s3://nowhere/x")
    assert caught.value.cause == ("The specified bucket does not exist",)


def test_a_server_of_another_region_is_told_with_the_line_to_type() -> None:
    said = "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-central-1'"
    with pytest.raises(SourceUnavailable) as caught, s3_translated(parse_s3("s3://bucket/x")):
        raise OSError(22, said)
    assert said in caught.value.cause[0]
    assert caught.value.hints == ("export AWS_DEFAULT_REGION=eu-central-1",)


@pytest.mark.parametrize("text", ["s3://", "s3:///x", "s3://key:secret@bucket/x", "s3://bucket/x?y=1"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(Usage):
        parse_s3(text)


def test_addresses() -> None:
    assert str(parse_s3("s3://bucket/a/b/")) == "s3://bucket/a/b"
    assert str(parse_s3("S3://bucket")) == "s3://bucket"
    assert parse_s3("s3://bucket").key("x/y") == "x/y"


@pytest.mark.parametrize(
    ("target", "status", "said"),
    [
        ("s3://missing/x", 6, "`s3://missing/x` cannot be used"),
        ("s3://key:planted@bucket/x", 2, "`s3://bucket/x` is not an S3 address"),
    ],
)
def test_a_bad_place_is_told_before_the_hub_is_asked(
    s3: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], target: str, status: int, said: str
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert main(["pull", "lab/tiny", "--to", target, "--json"]) == status
    error = json.loads(capsys.readouterr().err)["error"]
    assert error["message"] == said
    assert "planted" not in json.dumps(error)
