"""Weights that stay in S3: planned as in a folder, deployed on a vLLM that reads them there, refused before it starts."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Modelscan
from tests.s3 import SECRET, control

from modelscan.storage.shipped import shipped
from modelscan.system.processes.identity import tagged

PLACE = "s3://bucket/models/demo"
TAGS = "etags:"


@pytest.fixture
def demo(s3: Any) -> Any:
    """The shipped demo model in a bucket."""
    put(s3)
    return s3


def put(client: Any, prefix: str = "bucket/models/demo", **changed: bytes | None) -> None:
    for path in shipped("demo").iterdir():
        content = changed.get(path.name.replace(".", "_"), path.read_bytes())
        if content is not None:
            client.pipe(f"{prefix}/{path.name}", content)


@pytest.fixture
def reader(vllm: Path, home: Path) -> Path:
    """A vLLM of ours that can read from S3."""
    return ours(home, vllm, {"runai-model-streamer-s3": "0.17.0"})


def ours(home: Path, program: Path, requirements: dict[str, str]) -> Path:
    folder = home / "data" / "backends" / "vllm-0.32.0-cpu"
    folder.mkdir(parents=True)
    own = folder / "vllm"
    own.write_bytes(program.read_bytes())
    own.chmod(0o755)
    program.unlink()
    record = {
        "format": 1, "backend": "vllm", "version": "0.32.0", "device": "cpu", "program": str(own), "managed": True,
        "path": str(folder), "requirements": requirements,
    }  # fmt: skip
    (folder / "record.json").write_text(json.dumps(record))
    return own


def test_a_plan_is_that_of_a_folder_with_the_same_files(demo: Any, modelscan: Modelscan) -> None:
    there = modelscan("plan", PLACE, "--json").json["chosen"]
    here = modelscan("plan", str(shipped("demo")), "--json").json["chosen"]
    assert (there["source"], there["repo_id"]) == ("s3", PLACE)
    assert there["revision"].startswith(TAGS)
    assert there["memory_per_gpu"]["total_bytes"] == here["memory_per_gpu"]["total_bytes"]
    for key in ("max_model_len", "quantization", "dtype", "kv_cache_tokens", "task"):
        assert there[key] == here[key]
    assert there["argv"][:3] == ["vllm", "serve", PLACE]
    assert there["argv"][there["argv"].index("--load-format") + 1] == "runai_streamer"
    assert "--revision" not in there["argv"]


def test_what_was_read_once_is_remembered(demo: Any, modelscan: Modelscan, s3_server: str) -> None:
    first = modelscan("plan", PLACE, "--json").json["chosen"]
    control(s3_server, "recorder/reset-recording")
    control(s3_server, "recorder/start-recording")
    second = modelscan("plan", PLACE, "--json").json["chosen"]
    control(s3_server, "recorder/stop-recording")
    recorded = control(s3_server, "recorder/download-recording").splitlines()
    asked = [json.loads(line)["url"] for line in recorded]
    assert second["revision"] == first["revision"]
    assert len(asked) == 1
    assert "list-type=2" in asked[0]


@pytest.mark.slow
def test_deployed_stopped_changed_started(
    demo: Any, reader: Path, modelscan: Modelscan, home: Path, s3_server: str
) -> None:
    ran = modelscan("deploy", PLACE, "--json")
    assert ran.status == 0, ran.stderr
    made = ran.json
    assert (made["status"], made["source"], made["repo_id"], made["name"]) == ("ready", "s3", PLACE, "demo")
    assert made["argv"][1:3] == ["serve", PLACE]
    [backend] = [item for item in tagged() if item.deployment == made["id"] and item.process.pid == made["pid"]]
    handed = dict(
        pair.partition("=")[::2]
        for pair in Path(f"/proc/{backend.process.pid}/environ").read_text().split("\0")
        if pair
    )
    assert handed["AWS_SECRET_ACCESS_KEY"] == SECRET
    assert (handed["AWS_REGION"], handed["AWS_ENDPOINT_URL"]) == ("us-east-1", s3_server)
    assert (handed["RUNAI_STREAMER_S3_USE_VIRTUAL_ADDRESSING"], handed["HF_HUB_OFFLINE"]) == ("0", "1")
    assert handed["VLLM_ASSETS_CACHE"].startswith(str(home / "state" / "deployments" / made["id"]))
    assert SECRET not in json.dumps(modelscan("status", "demo", "--json").json)
    assert modelscan("deploy", PLACE, "--json").json["changed"] is False

    modelscan("stop", "demo")
    again = modelscan("start", "demo")
    assert (again.status, "have changed" in again.stderr) == (0, False)
    modelscan("stop", "demo")
    put(demo, config_json=shipped("demo").joinpath("config.json").read_bytes() + b"\n")
    changed = modelscan("start", "demo")
    assert changed.status == 0
    assert (
        f"warning: the objects at `{PLACE}` have changed since `demo` was planned; to plan again: "
        f"modelscan deploy {PLACE} --name demo --replace\n" in changed.stderr
    )
    assert modelscan("weights", "list", "--json").json == []
    purged = modelscan("remove", "demo", "--purge-weights", "--yes", "--json")
    assert purged.status == 0
    assert len(demo.find("bucket/models/demo")) == len(list(shipped("demo").iterdir()))
    assert not list((home / "state" / "deployments").glob(made["id"]))
    for path in home.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path


@pytest.mark.slow
def test_a_start_that_finds_the_weights_gone(demo: Any, reader: Path, modelscan: Modelscan) -> None:
    modelscan("deploy", PLACE)
    modelscan("stop", "demo")
    demo.rm("bucket/models/demo/config.json")
    ran = modelscan("start", "demo", "--json")
    assert (ran.status, ran.json[0]["error"]["code"]) == (3, "model_not_found")
    assert modelscan("status", "demo", "--json").json["status"] == "stopped"


@pytest.mark.slow
def test_a_local_entry_whose_weights_are_in_s3(demo: Any, reader: Path, modelscan: Modelscan, home: Path) -> None:
    (home / "config").mkdir(exist_ok=True)
    entry = f"models:\n  - name: mylab/mine\n    local_path: {PLACE}\n    task: chat\n"
    (home / "config" / "models.local.yaml").write_text(entry)
    [weights] = modelscan("catalog", "info", "mylab/mine", "--json").json["weights"]
    assert (weights["source"], weights["repo_id"]) == ("s3", PLACE)
    ran = modelscan("deploy", "mylab/mine", "--json")
    assert ran.status == 0, ran.stderr
    made = ran.json
    assert (made["model"], made["source"], made["repo_id"]) == ("mylab/mine", "s3", PLACE)
    assert made["revision"].startswith(TAGS)


@pytest.mark.slow
def test_two_places_that_end_alike_are_two_requests(demo: Any, reader: Path, modelscan: Modelscan) -> None:
    put(demo, "bucket/others/demo")
    modelscan("deploy", PLACE)
    ran = modelscan("deploy", "s3://bucket/others/demo")
    assert ran.status == 8
    assert f"model: {PLACE} before, s3://bucket/others/demo now" in ran.stderr


def test_a_vllm_of_ours_without_the_reader(demo: Any, vllm: Path, home: Path, modelscan: Modelscan) -> None:
    program = ours(home, vllm, {})
    ran = modelscan("deploy", PLACE)
    assert (ran.status, ran.stderr) == (
        7,
        (
            f"error: `{program}` cannot read weights from S3\n"
            "hint: modelscan backend install vllm --s3\n"
            "hint: or add --yes to install it\n"
        ),
    )
    assert modelscan("list", "--json").json == []


def test_a_vllm_of_the_users_is_not_changed(demo: Any, vllm: Path, modelscan: Modelscan) -> None:
    ran = modelscan("deploy", PLACE, "--yes")
    assert ran.status == 7
    assert ran.stderr.splitlines()[0] == f"error: `{vllm}` cannot read weights from S3"
    assert ran.stderr.splitlines()[2] == (
        "hint: python -m pip install --no-deps 'runai-model-streamer>=0.15.7,<0.18' "
        "'runai-model-streamer-s3>=0.15.7,<0.18' boto3 botocore s3transfer jmespath python-dateutil six humanize"
    )


def test_sglang_is_refused_with_the_way_out(demo: Any, modelscan: Modelscan) -> None:
    ran = modelscan("plan", PLACE, "--backend", "sglang", "--hardware", "h100-80gb")
    assert (ran.status, ran.stderr) == (
        4,
        (
            "error: `demo` does not fit this hardware as asked\n"
            "  SGLang does not read weights from S3 directly: it would go on with the config that it copied first, "
            "whatever lies there later\n"
            f"hint: another backend: modelscan plan {PLACE} --hardware h100-80gb\n"
            f"hint: download them to a folder: modelscan pull {PLACE} --to ./demo\n"
        ),
    )


OUT = f"hint: modelscan pull {PLACE} --to ./demo\nhint: modelscan deploy ./demo\n"


@pytest.mark.parametrize(
    ("change", "options", "status", "said"),
    [
        (
            {"model_safetensors": None, "pytorch_model_bin": b"x" * 99},
            (),
            1,
            (
                f"error: the backend cannot read `{PLACE}` directly\n"
                f"  its reader loads only safetensors files, and there are none\n{OUT}"
            ),
        ),
        (
            {"consolidated_safetensors": shipped("demo").joinpath("model.safetensors").read_bytes()},
            (),
            1,
            (
                f"error: the backend cannot read `{PLACE}` directly\n"
                "  its reader loads every safetensors file there and none in subfolders: 6.95 MiB of them for a model of 3.48 MiB\n"
                f"{OUT}"
            ),
        ),
        (
            {"modeling_x_py": b"import os"},
            ("--trust-remote-code", "--yes"),
            2,
            (
                "error: `--trust-remote-code` does not work with weights that stay in S3\n"
                f"  that code is not pinned: it can change after you allow it\n{OUT}"
            ),
        ),
        (
            {"config_json": None},
            (),
            3,
            (
                f"error: `{PLACE}` has no `config.json`, so no backend can load it\n"
                f"hint: resume an interrupted upload with: modelscan pull ID --to {PLACE}\n"
            ),
        ),
        (
            {"model_safetensors_index_json": b'{"weight_map": {"a": "model-00001-of-00002.safetensors"}}'},
            (),
            1,
            (
                f"error: the weights of `{PLACE}` are damaged\n"
                "  its index names `model-00001-of-00002.safetensors`, which is missing\n"
                f"hint: resume an interrupted upload with: modelscan pull ID --to {PLACE}\n"
            ),
        ),
        (
            {},
            ("--source", "modelscope"),
            2,
            f"error: `{PLACE}` is not on modelscope\nhint: drop --source\nhint: or name a repo on that hub\n",
        ),
        (
            {},
            ("--revision", "etags:0000000000000000"),
            3,
            (
                f"error: `{PLACE}` no longer holds `etags:0000000000000000`\n"
                "  its objects have changed and are now `ETAGS`\n"
                "hint: drop --revision to use what is there now\n"
            ),
        ),
    ],
    ids=["pickles", "strays", "code", "half there", "a shard is missing", "another hub", "another revision"],
)
@pytest.mark.slow
def test_refused_before_anything_starts(
    s3: Any, reader: Path, modelscan: Modelscan, change: dict[str, bytes | None], options: tuple[str, ...],
    status: int, said: str,
) -> None:  # fmt: skip
    put(s3, **change)
    for name, content in change.items():
        if content is not None and name != "config_json":
            s3.pipe(f"bucket/models/demo/{name.replace('_index_', '.index.').replace('_', '.')}", content)
    if "pytorch_model_bin" in change:
        s3.mv("bucket/models/demo/pytorch.model.bin", "bucket/models/demo/pytorch_model.bin")
    ran = modelscan("deploy", PLACE, *options)
    told = ran.stderr
    if "ETAGS" in said:
        now = modelscan("plan", PLACE, "--json").json["chosen"]["revision"]
        said = said.replace("ETAGS", now)
    assert (ran.status, told) == (status, said)
    assert modelscan("list", "--json").json == []


@pytest.mark.parametrize(
    ("place", "change", "status", "said"),
    [
        ("s3://bucket/none", {}, 3, "error: nothing exists at `s3://bucket/none`\n"),
        ("s3://nowhere/x", {}, 6, "error: `s3://nowhere/x` cannot be used\n  The specified bucket does not exist\n"),
        (PLACE, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, 6, f"error: `{PLACE}` cannot be used\n  Could not connect"),
        (PLACE, {"AWS_PROFILE": "nobody"}, 6, f"error: `{PLACE}` cannot be used\n  The config profile (nobody)"),
        ("s3://bucket/x?y", {}, 2, "error: `s3://bucket/x?y` is not an S3 address\n"),
        (PLACE, {"MODELSCAN_OFFLINE": "1"}, 6, f"error: `{PLACE}` needs the network, and network access is off\n"),
    ],
)
def test_places_that_cannot_be_read(
    demo: Any, vllm: Path, modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch, place: str, change: dict[str, str],
    status: int, said: str,
) -> None:  # fmt: skip
    for name, value in change.items():
        monkeypatch.setenv(name, value)
    ran = modelscan("deploy", place)
    assert (ran.status, ran.stderr[: len(said)]) == (status, said)
    assert SECRET not in ran.stderr
    assert os.environ["AWS_SECRET_ACCESS_KEY"] == SECRET


def test_keys_that_the_server_does_not_know(demo: Any, modelscan: Modelscan, s3_server: str) -> None:
    control(s3_server, "reset-auth", "0")  # from now on the server looks at who calls
    try:
        ran = modelscan("plan", PLACE, "--json")
    finally:
        control(s3_server, "reset-auth", "Infinity")
    assert (ran.status, ran.error["code"]) == (6, "unauthorized")
    assert ran.error["message"] == f"S3 denies access to `{PLACE}`"
    assert SECRET not in ran.stderr


@pytest.mark.slow
def test_a_bucket_of_another_region(s3: Any, reader: Path, modelscan: Modelscan) -> None:
    """Found where AWS's own tools would find it, and the backend is told: its reader follows no bucket."""
    s3.call_s3("create_bucket", Bucket="far", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    put(s3, "far/demo")
    made = modelscan("deploy", "s3://far/demo", "--json").json
    handed = Path(f"/proc/{made['pid']}/environ").read_text().split("\0")
    assert "AWS_REGION=eu-west-1" in handed
    assert "AWS_DEFAULT_REGION=eu-west-1" in handed
