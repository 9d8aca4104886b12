"""Addresses, tokens and names that lead to no model, each answered in its own words."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Modelscan
from tests.cli.driver import Ran
from tests.hubs.hub_server import HubServer

from modelscan.hubs.tokens import HUBS, token_origin, with_tokens
from modelscan.storage.secrets import Secrets
from modelscan.storage.shipped import shipped

DENIED = (401, b"{}", {"X-Error-Message": "Invalid credentials in Authorization header"})


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("https://huggingface.co/datasets/acme/ultrachat", "a dataset"),
        ("hf.co/spaces/acme/demo", "a space"),
        ("https://huggingface.co/collections/acme/list-123", "a collection"),
        ("hf://datasets/acme/ultrachat", "a dataset"),
        ("datasets/acme/ultrachat", "a dataset"),
        ("https://www.modelscope.cn/studios/acme/demo", "a studio"),
    ],
)
def test_an_address_of_something_else(run: Callable[..., Ran], hub: HubServer, address: str, kind: str) -> None:
    ran = run("plan", address)
    assert (ran.status, ran.stderr.splitlines()[0]) == (
        3,
        f"error: `{address}` is the address of {kind}, not of a model",
    )
    assert hub.requests == []


def test_a_repo_of_an_owner_called_datasets(run: Callable[..., Ran], hub: HubServer) -> None:
    hub.repos["datasets/tiny"] = hub.repos["lab/tiny"]
    assert run("plan", "datasets/tiny", "--hardware", "rtx-4090").status == 0


def test_a_token_that_is_not_accepted_is_told_from_a_missing_right(run: Callable[..., Ran], hub: HubServer) -> None:
    hub.instead["lab/tiny"] = [DENIED]
    ran = run("plan", "lab/tiny", "--hardware", "rtx-4090", HF_TOKEN="hf_expired")
    assert (ran.status, ran.stderr.splitlines()[-4:]) == (
        6,
        [
            f"error: {hub.endpoint} does not accept the token from HF_TOKEN: it is wrong or expired",
            "  Invalid credentials in Authorization header",
            "hint: public repos need no token: unset HF_TOKEN",
            "hint: store a new token: modelscan login",
        ],
    )
    hub.instead["lab/tiny"] = [(403, b"{}", {})]
    ran = run("plan", "lab/tiny", "--hardware", "rtx-4090", HF_TOKEN="hf_good")
    assert "hint: the token from HF_TOKEN may lack access" in ran.stderr.splitlines()


def test_where_a_token_comes_from(tmp_path: Path) -> None:
    hub, secrets = HUBS["huggingface"], Secrets(tmp_path / "tokens.json")
    secrets.put("huggingface", "hf_kept")
    home = {"HOME": str(tmp_path)}
    assert token_origin(hub, with_tokens(home, secrets)) == "`modelscan login`"
    assert token_origin(hub, with_tokens(home | {"HF_TOKEN": "hf_other"}, secrets)) == "HF_TOKEN"
    file = tmp_path / ".cache" / "huggingface" / "token"
    file.parent.mkdir(parents=True)
    file.write_text("hf_of_its_own_login")
    assert token_origin(hub, with_tokens(home, secrets)) == str(file)


def test_a_typing_error_is_suggested_also_without_a_hub(run: Callable[..., Ran]) -> None:
    for options, status in (((), 3), (("--offline",), 6)):
        ran = run(*options, "plan", "meta-llama/Llama-3.1-8B-Instuct", "--hardware", "rtx-4090")
        assert ran.status == status
        assert "`meta-llama/llama-3.1-8b-instruct`" in next(
            line for line in ran.stderr.splitlines() if line.startswith("hint: did you mean")
        )


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.slow
def test_what_a_hub_says_cannot_steer_a_terminal(run: Callable[..., Ran], hub: HubServer, as_json: bool) -> None:
    said = "\x1b]0;owned\x07\x1b[2J\x9b31m gone " + "y" * 9_000
    page = b"<html>" + said.encode() + "\u202e".encode() + b"</html>"
    for answer in ((500, page, {}), (200, page, {}), (403, b'{"error": "' + page + b'"}', {})):
        hub.instead["lab/tiny"] = [answer] * 8
        ran = run("plan", "lab/tiny", "--hardware", "rtx-4090", *(["--json"] if as_json else []))
        assert ran.status == 6
        for line in ran.stderr.splitlines():
            assert line.isprintable()
            assert len(line) < 9_000


@pytest.mark.parametrize("written", [".", "here/tiny", "here/tiny/", "here/"])
def test_a_folder_as_a_shell_completes_it(
    modelscan: Modelscan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    folder = tmp_path / "here" / "tiny"
    shutil.copytree(shipped("demo"), folder)
    monkeypatch.chdir(folder if written == "." else tmp_path)
    ran = modelscan("plan", written, "--hardware", "rtx-4090", "--json")
    assert (ran.status, json.loads(ran.stdout)["chosen"]["repo_id"]) == (0, str(folder))


def test_a_folder_without_weights_is_planned_and_said_to_be_empty(run: Callable[..., Ran], tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    folder.mkdir()
    shutil.copy(shipped("demo") / "config.json", folder)
    ran = run("plan", str(folder), "--hardware", "rtx-4090")
    assert (ran.status, ran.stderr.splitlines()) == (
        0,
        [f"warning: `{folder}` holds no weights: it can be planned for its `config.json`, and not be deployed"],
    )


def test_a_damaged_file_is_named_by_its_own_path(run: Callable[..., Ran], tmp_path: Path) -> None:
    file = tmp_path / "tiny-Q4_K_M.gguf"
    file.write_bytes(b"GGUF\0\0\0\0")
    ran = run("plan", str(file), "--hardware", "rtx-4090")
    assert ran.stderr.splitlines()[0] == f"error: `{file}` is damaged"
