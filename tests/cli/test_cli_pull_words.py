"""What `pull` and its neighbours say where a hub is named badly, holds nothing to load, or may not be asked."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from tests.cli.conftest import Modelscan
from tests.hubs.hub_server import HubServer, Repo

from modelscan.storage.shipped import shipped

SECRET = "planted-password"


@pytest.mark.parametrize(
    "command",
    [
        ("pull", "lab/none"),
        ("pull", "lab/none", "--json"),
        ("pull", "lab/none", "--source", "modelscope", "--json"),
        ("plan", "lab/none", "--json"),
        ("login",),
        ("login", "modelscope"),
        ("logout", "--json"),
        ("catalog", "search", "--hub", "tiny"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("there", [True, False], ids=["answers", "away"])
def test_a_password_in_a_hubs_address_is_never_repeated(
    modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], there: bool
) -> None:
    with HubServer() as server:
        host = server.endpoint.removeprefix("http://") if there else "127.0.0.1:9"
        for variable in ("HF_ENDPOINT", "MODELSCOPE_ENDPOINT"):
            monkeypatch.setenv(variable, f"http://user:{SECRET}@{host}")
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        monkeypatch.setattr("sys.stdin", io.StringIO("a-token\n"))
        ran = modelscan(*command)
    assert SECRET not in ran.stdout + ran.stderr
    assert command[0] == "logout" or host in ran.stdout + ran.stderr


@pytest.mark.parametrize("address", ["hf-mirror.com", "http://[::1", "ftp://host", "https://", "http://host:99999"])
def test_what_is_no_address_of_a_hub(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("HF_ENDPOINT", address)
    ran = modelscan("pull", "lab/tiny", "--json")
    assert (ran.status, ran.error["code"]) == (1, "config_invalid")
    assert ran.error["message"] == "the environment variable `HF_ENDPOINT` is not a valid hub address"
    assert ran.error["hints"] == ["write the full address: export HF_ENDPOINT=https://host.example"]


def test_offline_may_stand_anywhere(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch) -> None:
    with HubServer() as server:
        server.repos["lab/tiny"] = Repo(files={})
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        for command in (
            ("--offline", "pull", "lab/tiny"),
            ("pull", "lab/tiny", "--offline"),
            ("pull", "--offline", "lab/tiny"),
        ):
            ran = modelscan(*command)
            assert (ran.status, ran.stderr.splitlines()[0]) == (
                6,
                "error: `lab/tiny` is not in the cache, and network access is off",
            )
        assert server.requests == []
    assert modelscan("catalog", "search", "--", "--offline").status != 2


def test_a_home_of_the_hubs_that_is_a_file(
    modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with HubServer() as server:
        server.repos["lab/tiny"] = Repo(files={path.name: path.read_bytes() for path in shipped("demo").iterdir()})
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", server.endpoint)
        monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "file"))
        ran = modelscan("pull", "lab/tiny", "--source", "modelscope", "--json")
    assert (ran.status, ran.error["code"]) == (1, "storage_failed")
    assert "HF_HOME" in ran.error["hints"][0]


@pytest.mark.parametrize(
    "command",
    [("pull", "lab/tiny"), ("pull", "lab/tiny", "--source", "modelscope"), ("catalog", "search", "--hub", "tiny")],
    ids=" ".join,
)
@pytest.mark.parametrize("token", ["hf_plantedé", "hf_planted\nx", "hf_planted x", "hf_planted\x01"])
def test_a_token_that_no_request_can_carry_is_told_without_it(
    modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch, home: Path, command: tuple[str, ...], token: str
) -> None:
    for variable in ("HF_TOKEN", "MODELSCOPE_API_TOKEN"):
        monkeypatch.setenv(variable, token)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    with HubServer() as server:
        for variable in ("HF_ENDPOINT", "MODELSCOPE_ENDPOINT"):
            monkeypatch.setenv(variable, server.endpoint)
        ran = modelscan(*command)
    assert ran.status == 1
    assert ran.stderr.startswith(
        "error: the environment variable `HF_TOKEN` is not a valid token: it has forbidden characters\n"
    )
    assert "planted" not in ran.stdout + ran.stderr
    assert not any(b"planted" in path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_a_token_that_ends_with_its_files_line_is_taken(
    modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MODELSCOPE_API_TOKEN", "hf_good\n")
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "ms"))
    with HubServer() as server:
        files = {path.name: path.read_bytes() for path in shipped("demo").iterdir()}
        server.repos["lab/tiny"] = Repo(files=files, gated=True)
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", server.endpoint)
        ran = modelscan("pull", "lab/tiny", "--source", "modelscope", "-q")
    assert (ran.status, ran.stdout) == (0, "lab/tiny\n")
